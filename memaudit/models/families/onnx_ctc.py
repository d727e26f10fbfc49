"""One ONNX graph with CTC scores that a model.toml describes: log-mel or waveform in, scores out."""

from __future__ import annotations

from memaudit.models.adapter import Adapter
from memaudit.models.ctc.onnx_load import load_onnx_ctc

ADAPTER = Adapter(
    name="onnx-ctc",
    summary="one ONNX graph with CTC scores",
    looks_for="a model.toml",
    load=load_onnx_ctc,
)
