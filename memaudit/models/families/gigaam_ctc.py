"""GigaAM CTC models, as their own `to_onnx` and sherpa-onnx's scripts write them."""

from __future__ import annotations

import re

from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import Candidate, candidate, static
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.frontends.torchaudio_mel import TorchaudioFrontEnd
from memaudit.models.model_files import ModelFiles, variant

_GRAPHS = ("v?_ctc*.onnx", "v?_e2e_ctc*.onnx", "multilingual*_ctc*.onnx", "model*.onnx")
_VERSION = re.compile(r"(?<![a-z])v(\d)")


def detect(files: ModelFiles) -> Detected | None:
    """features [B, 64, T], feature_lengths to log_probs; or audio_signal and is_giga_am in the metadata."""
    found = candidate(files, *_GRAPHS)
    if found is None:
        return None
    marked = found.metadata.get("is_giga_am", "0") != "0"
    if found.takes("features", "feature_lengths"):
        x, x_lens, log_probs = "features", "feature_lengths", "log_probs"
    elif marked and found.takes("audio_signal", "length"):
        x, x_lens, log_probs = "audio_signal", "length", "logprobs"
    else:
        return None
    features, scores = found.graph.input(x), found.graph.output(log_probs)
    if (
        features is None
        or scores is None
        or len(features.shape) != 3
        or static(features, 1) not in (None, 64)
    ):
        return None
    reasons = [f"{found.name} takes {x} and {x_lens} and gives {log_probs}: a GigaAM CTC model"]
    front_end = _front_end(_version(found, reasons))
    tokens, told = found.tokens(*_token_files(found), size=static(scores, -1))
    inputs = {"features": x, "length": x_lens, "layout": "features-time"}
    table = {
        "files": {"model": found.name},
        "front_end": front_end.describe(),
        "tokens": tokens,
        "inputs": {key: name for key, name in inputs.items() if key == "layout" or found.graph.input(name)},
        "outputs": {"scores": log_probs},
    }
    return Detected(table, (*reasons, *told))


def _front_end(version: int) -> TorchaudioFrontEnd:
    """Versions 1 and 2: 25 ms, centred; from 3 on: 20 ms, not centred, its constants rounded to bfloat16."""
    if version < 3:
        return TorchaudioFrontEnd()
    return TorchaudioFrontEnd(frame_length_ms=20.0, centre=False, bfloat16=True)


def _version(found: Candidate, reasons: list[str]) -> int:
    config = found.files.json("config.json") if "config.json" in found.files.names else {}
    for said, text in (
        ("its name", found.name),
        ("its metadata", found.metadata.get("comment", "")),
        ("config.json", str(config.get("version", ""))),
    ):
        match = _VERSION.search(text.lower())
        if match is not None:
            reasons.append(f"{said} says that it is version {match[1]}")
            return int(match[1])
    if "multilingual" in found.name.lower():
        reasons.append("the multilingual models have the features of version 3")
        return 3
    reasons.append("nothing says its version: the features of versions 1 and 2 are taken")
    return 2


def _token_files(found: Candidate) -> tuple[str, ...]:
    """Names of its token file: v3_e2e_ctc has its own, v3_ctc and v3_rnnt share one."""
    stem = found.name.rpartition(".")[0].lower()
    marked = variant(found.name)
    if marked is not None:
        stem = stem.replace(marked, "").rstrip("._-")
    shorter = (stem, stem.removesuffix("_ctc"), stem.partition("_")[0])
    return (*(f"{part}_vocab.txt" for part in shorter), "tokens.txt", "vocab.txt", "v?_vocab.txt")


ADAPTER = Adapter(
    name="gigaam-ctc",
    summary="a GigaAM CTC model, exported to ONNX",
    looks_for="v3_ctc.onnx or the like (features, feature_lengths -> log_probs), v3_vocab.txt or tokens.txt",
    load=load_onnx_ctc,
    detect=detect,
)
