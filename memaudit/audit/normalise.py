"""Text made alike on both sides before it is compared."""

from __future__ import annotations

from memaudit.kit.plain import plain

NAME = "basic/1"
"""The normaliser's name in results: a change of its rules changes the name."""

normalise = plain
"""The rules: see `memaudit.kit.plain.plain`, which kits go by too."""
