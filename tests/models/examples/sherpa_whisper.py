from __future__ import annotations

from pathlib import Path

from tests.models.attention_builders import net, sherpa_folder

TEXT = "amber birch"


def make(folder: Path) -> Path:
    return sherpa_folder(folder, net()) / "tiny-encoder.onnx"
