from __future__ import annotations

import tempfile
from pathlib import Path

from tests.models.icefall_modules import TEXT, asr_model, write_icefall

__all__ = ["TEXT", "make"]


def make(folder: Path) -> Path:
    with tempfile.TemporaryDirectory() as apart:
        return write_icefall(folder, asr_model(Path(apart), ctc=True))
