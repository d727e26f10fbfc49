from __future__ import annotations

from pathlib import Path

from tests.models.builders import TorchModel, script, weights, write_tokens, write_toml

TEXT = "amber cedar"


def make(folder: Path) -> Path:
    write_tokens(folder)
    write_toml(folder)
    return script(TorchModel(weights()), folder / "model.pt")
