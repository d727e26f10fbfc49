from __future__ import annotations

import tempfile
from pathlib import Path

from tests.models.wenet_modules import TEXT, wenet_model, write_wenet

__all__ = ["TEXT", "make"]


def make(folder: Path) -> Path:
    with tempfile.TemporaryDirectory() as apart:
        return write_wenet(folder, wenet_model(Path(apart)))
