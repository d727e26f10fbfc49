"""What can be wrong with a training manifest."""

from __future__ import annotations

from memaudit.errors import MemauditError


class ManifestError(MemauditError, ValueError):
    """A training manifest that cannot be read, written or added to; ``where`` names file and line."""
