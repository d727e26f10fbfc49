from __future__ import annotations

from pathlib import Path

from tests.models.transducers import icefall_transducer

TEXT = "the cat sat"


def make(folder: Path) -> Path:
    return icefall_transducer(folder)
