"""What a family found out about files that no model.toml describes: the model.toml that they lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Detected:
    """A model that a family knows by its files.

    Attributes:
        table: the whole content of a model.toml (schema memaudit/model/1) but for ``schema`` and ``family``,
            file names relative to `ModelFiles.folder`; ``files`` names every file of the model itself.
        reasons: how it was known and what was inferred, a sentence each.
    """

    table: Mapping[str, Any]
    reasons: tuple[str, ...]
