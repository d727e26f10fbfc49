"""CTC scores of WeNet models, as sherpa-onnx's export-onnx.py and WeNet's export_onnx_gpu.py write them."""

from __future__ import annotations

from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import Candidate, candidate, static
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.model_files import ModelFiles

_TOKENS = ("units.txt", "tokens.txt", "words.txt")


def wenet_front_end(num_mels: int) -> KaldiFrontEnd:
    """WeNet's: torchaudio's Kaldi filter bank on 16-bit samples, whole frames only, up to half the rate."""
    return KaldiFrontEnd(num_mels=num_mels, waveform_scale=32768.0, snip_edges=True, high_frequency=0.0)


def detect(files: ModelFiles) -> Detected | None:
    """x, x_lens to log_probs, log_probs_lens; or speech, speech_lengths to ctc_log_probs among others."""
    found = candidate(files, "model*.onnx", "model*.ort", "encoder*.onnx", "*ctc*.onnx")
    if found is None or found.metadata.get("model_type", "wenet_ctc") != "wenet_ctc":
        return None
    for roles in (
        ("x", "x_lens", "log_probs", "log_probs_lens"),
        ("speech", "speech_lengths", "ctc_log_probs", "encoder_out_lens"),
    ):
        if found.takes(*roles[:2]) and all(found.graph.output(name) is not None for name in roles[2:]):
            return _described(found, *roles)
    return None


def _described(found: Candidate, x: str, x_lens: str, log_probs: str, lengths: str) -> Detected | None:
    features, scores = found.graph.input(x), found.graph.output(log_probs)
    if features is None or scores is None or len(features.shape) != 3:
        return None
    mels = static(features, 2)
    reasons = [f"{found.name} takes {x} and {x_lens} and gives {log_probs} and {lengths}: a WeNet model"]
    if mels is None:
        reasons.append("its input has any number of mel features: 80, as WeNet's recipes have")
    tokens, told = found.tokens(*_TOKENS, size=static(scores, -1))
    table = {
        "files": {"model": found.name},
        "front_end": wenet_front_end(mels or 80).describe(),
        "tokens": tokens,
        "inputs": {"features": x, "length": x_lens, "layout": "time-features"},
        "outputs": {"scores": log_probs, "length": lengths},
    }
    return Detected(table, (*reasons, *told))


ADAPTER = Adapter(
    name="wenet-ctc",
    summary="the CTC scores of a WeNet model, exported to ONNX",
    looks_for="model.onnx (x, x_lens -> log_probs, log_probs_lens) or encoder.onnx (speech, speech_lengths "
    "-> ctc_log_probs), tokens.txt or units.txt",
    load=load_onnx_ctc,
    detect=detect,
)
