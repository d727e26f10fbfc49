from __future__ import annotations

from pathlib import Path

from tests.models.builders import TorchModel, weights, write_tokens, write_toml
from tests.models.torch_builders import export

TEXT = "amber cedar"


def make(folder: Path) -> Path:
    write_tokens(folder)
    write_toml(folder)
    return export(TorchModel(weights()), folder / "model.pt2")
