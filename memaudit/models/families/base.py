"""What every family's ``load(description, options)`` is given beside the description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.files import sha256_file


@dataclass(frozen=True)
class LoadOptions:
    """How the user wants a model loaded.

    Attributes:
        adapter: the adapter that was chosen.
        suffixes: the suffixes of its model files.
        trust_model: the user's word that code in the model may run.
        provider: where it runs; the registry has checked that the adapter offers it.
    """

    adapter: str
    suffixes: tuple[str, ...]
    trust_model: bool = False
    provider: str = "cpu"


def hashed(paths: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """(name, sha256) of each file, as `ModelInfo.files` has them."""
    return tuple((path.name, sha256_file(path)) for path in paths)
