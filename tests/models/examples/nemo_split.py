from __future__ import annotations

from pathlib import Path

from tests.models.transducers import nemo_split

TEXT = "the cat sat"


def make(folder: Path) -> Path:
    return nemo_split(folder)
