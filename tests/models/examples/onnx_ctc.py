from __future__ import annotations

from pathlib import Path

from tests.models.builders import onnx_graph, weights, write_onnx

TEXT = "amber cedar"


def make(folder: Path) -> Path:
    return write_onnx(folder, onnx_graph(weights()))
