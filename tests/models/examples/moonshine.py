from __future__ import annotations

from pathlib import Path

from tests.models.attention_builders import moonshine_folder

TEXT = "amber birch"


def make(folder: Path) -> Path:
    return moonshine_folder(folder) / "encoder_model.onnx"
