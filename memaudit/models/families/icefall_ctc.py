"""CTC models of icefall (zipformer and conformer), as its export-onnx-ctc.py writes them."""

from __future__ import annotations

from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import candidate, static
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.model_files import ModelFiles

_TOKENS = ("tokens.txt", "*tokens.txt")


def detect(files: ModelFiles) -> Detected | None:
    """x [N, T, F] and x_lens to log_probs and log_probs_len, with tokens.txt beside it."""
    found = candidate(files, "model*.onnx", "model*.ort", "*ctc*.onnx")
    if found is None or not found.takes("x", "x_lens") or found.metadata.get("model_type") == "wenet_ctc":
        return None
    features, scores = found.graph.input("x"), found.graph.output("log_probs")
    if features is None or len(features.shape) != 3 or scores is None:
        return None
    made = found.metadata.get("model_type")
    # Without metadata the name of the length tells it from WeNet's, which is log_probs_lens.
    names = ("log_probs_len", "log_probs_lens") if made else ("log_probs_len",)
    length = next((name for name in names if found.graph.output(name) is not None), None)
    if length is None:
        return None
    if found.token_file(*_TOKENS) is None and not made:
        return None  # names that a home-made model may have too
    reasons = [
        f"{found.name} takes x and x_lens and gives log_probs and {length}"
        + (f", its metadata says {made}" if made else "")
        + ": a CTC model of icefall"
    ]
    mels = static(features, 2)
    if mels is None:
        reasons.append("its input has any number of mel features: 80, as icefall's recipes have")
    tokens, told = found.tokens(*_TOKENS, size=static(scores, -1))
    table = {
        "files": {"model": found.name},
        "front_end": KaldiFrontEnd(num_mels=mels or 80).describe(),
        "tokens": tokens,
        "inputs": {"features": "x", "length": "x_lens", "layout": "time-features"},
        "outputs": {"scores": "log_probs", "length": length},
    }
    return Detected(table, (*reasons, *told))


ADAPTER = Adapter(
    name="icefall-ctc",
    summary="a CTC model of icefall, exported to ONNX",
    looks_for="model.onnx (x, x_lens -> log_probs, log_probs_len), tokens.txt",
    load=load_onnx_ctc,
    detect=detect,
)
