"""Property tests of statistics: no test may fail because a machine is slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("statistics", deadline=None)
settings.load_profile("statistics")
