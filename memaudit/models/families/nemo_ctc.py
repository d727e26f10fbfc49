"""NeMo CTC models, as `model.export` and sherpa-onnx's scripts write them."""

from __future__ import annotations

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import Candidate, candidate, static
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.frontends.nemo import NemoFrontEnd, Normalisation
from memaudit.models.model_files import ModelFiles

_TOKENS = ("vocab.txt", "tokens.txt")
_NORMALISED: tuple[Normalisation, ...] = ("per_feature", "all_features")


def detect(files: ModelFiles) -> Detected | None:
    """audio_signal [B, F, T] (and length) to logprobs, with vocab.txt or tokens.txt beside it."""
    found = candidate(files, "model*.onnx", "model*.ort", "*ctc*.onnx")
    if found is None or not found.takes("audio_signal", "length"):
        return None
    signal, scores = found.graph.input("audio_signal"), found.graph.output("logprobs")
    if signal is None or scores is None or len(signal.shape) != 3:
        return None
    if found.metadata.get("is_giga_am", "0") != "0":
        return None
    reasons = [f"{found.name} takes audio_signal and gives logprobs: a NeMo CTC model"]
    front_end = _front_end(found, static(signal, 1), reasons)
    tokens, told = found.tokens(*_TOKENS, size=static(scores, -1))
    inputs = {"features": "audio_signal", "layout": "features-time"}
    if found.graph.input("length") is not None:
        inputs["length"] = "length"
    table = {
        "files": {"model": found.name},
        "front_end": front_end.describe(),
        "tokens": tokens,
        "inputs": inputs,
        "outputs": {"scores": "logprobs"},
    }
    return Detected(table, (*reasons, *told))


def _front_end(found: Candidate, mels: int | None, reasons: list[str]) -> NemoFrontEnd:
    if mels is not None:
        reasons.append(f"its input has {mels} mel features")
    else:
        config = found.files.json("config.json") if "config.json" in found.files.names else {}
        mels = config.get("features_size", 80)
        said = "config.json says" if "features_size" in config else "NeMo's Conformer recipes have"
        reasons.append(f"its input has any number of mel features: {mels}, as {said}")
        if type(mels) is not int or not 1 <= mels <= 1024:
            raise ModelError(
                f"'features_size' is {mels!r}, no number of mel features",
                where=str(found.files.folder / "config.json"),
            )
    normalise = _normalise(found, reasons)
    if mels == 64:
        reasons.append("frames are 20 ms long, as in NeMo's recipes with 64 mel features")
    return NemoFrontEnd(num_mels=mels, normalise=normalise, frame_length_ms=20.0 if mels == 64 else 25.0)


def _normalise(found: Candidate, reasons: list[str]) -> Normalisation:
    said = found.metadata.get("normalize_type")
    if said is None:
        reasons.append("features are normalised per coefficient, as NeMo's recipes do")
        return "per_feature"
    if said in ("", "NA", "None"):
        reasons.append("its metadata says that features are not normalised")
        return "none"
    for known in _NORMALISED:
        if said == known:
            reasons.append(f"its metadata says normalize_type {said}")
            return known
    raise ModelError(
        f"its metadata says normalize_type {said!r}, which is unknown here",
        where=str(found.files.folder / found.name),
        how="write a model.toml with what 'front_end.normalise' should be",
    )


ADAPTER = Adapter(
    name="nemo-ctc",
    summary="a NeMo CTC model, exported to ONNX",
    looks_for="model.onnx (audio_signal, length -> logprobs), vocab.txt or tokens.txt",
    load=load_onnx_ctc,
    detect=detect,
)
