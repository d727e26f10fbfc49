"""hama's phone recogniser: a waveform to IPA phones."""

from __future__ import annotations

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import candidate
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.frontends.raw import RawFrontEnd
from memaudit.models.model_files import ModelFiles

_VOCABULARY = "g2p_vocab.json"


def detect(files: ModelFiles) -> Detected | None:
    """waveform [B, S] and waveform_lengths to log_probs and out_lengths, with g2p_vocab.json beside it."""
    found = candidate(files, "asr_waveform*.onnx")
    if found is None or not found.takes("waveform", "waveform_lengths"):
        return None
    if found.graph.output("log_probs") is None or found.graph.output("out_lengths") is None:
        return None
    if _VOCABULARY not in files.names:
        raise ModelError(
            f"no {_VOCABULARY} beside the model: its output cannot be read",
            where=str(files.folder / found.name),
            how="copy it from hama's assets into the same folder",
        )
    table = {
        "files": {"model": found.name},
        "front_end": RawFrontEnd().describe(),
        "tokens": {
            "kind": "phones",
            "file": _VOCABULARY,
            "key": "decoder",
            "appended": ["<wb>", "<blank>"],
            "blank": "<blank>",
            "word_break": "<wb>",
            "special": ["<pad>", "<sos>", "<eos>"],
        },
        "inputs": {"features": "waveform", "length": "waveform_lengths"},
        "outputs": {"scores": "log_probs", "length": "out_lengths"},
        "decoder": {"blank_bias": -0.1},
    }
    reasons = (
        f"{found.name} takes waveform and waveform_lengths and gives log_probs and out_lengths, and "
        f"{_VOCABULARY} is beside it: hama's phone recogniser",
        "references are phones a space apart, words parted by '|'",
        "its own decoding lowers the blank's score by 0.1, so the search for the transcript does too",
    )
    return Detected(table, reasons)


ADAPTER = Adapter(
    name="hama",
    summary="hama's phone recogniser",
    looks_for="asr_waveform_fp16.onnx (waveform, waveform_lengths -> log_probs, out_lengths), g2p_vocab.json",
    load=load_onnx_ctc,
    detect=detect,
)
