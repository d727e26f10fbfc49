from __future__ import annotations

from pathlib import Path

from tests.models.attention_builders import net, whisper_folder

TEXT = "amber birch"


def make(folder: Path) -> Path:
    return whisper_folder(folder, net()) / "encoder_model.onnx"
