"""wav2vec 2.0 and its relatives (HuBERT, WavLM, ...) with a CTC head, as Hugging Face exports them."""

from __future__ import annotations

from typing import Any

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter
from memaudit.models.ctc.candidate import Candidate, candidate, static
from memaudit.models.ctc.onnx_load import load_onnx_ctc
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles


def detect(files: ModelFiles) -> Detected | None:
    """input_values [B, S] to logits [B, T, V], with vocab.json beside it."""
    found = candidate(files, "model*.onnx", "model*.ort")
    if found is None or not found.takes("input_values"):
        return None
    values, scores = found.graph.input("input_values"), found.graph.output("logits")
    if values is None or scores is None or len(values.shape) != 2 or len(scores.shape) != 3:
        return None
    reasons = [f"{found.name} takes input_values and gives logits: a CTC model of the wav2vec 2.0 family"]
    config = _json(files, "config.json")
    if config.get("model_type"):
        reasons.append(f"config.json says {config['model_type']}")
    table = {
        "files": {"model": found.name},
        "front_end": _front_end(found, reasons),
        "tokens": _tokens(found, static(scores, -1) or config.get("vocab_size") or 0, reasons),
        "inputs": {"features": "input_values"},
        "outputs": {"scores": "logits"},
    }
    return Detected(table, tuple(reasons))


def _front_end(found: Candidate, reasons: list[str]) -> dict[str, Any]:
    name = "preprocessor_config.json"
    if name in found.files.names:
        config = found.files.json(name)
        normalise, rate = config.get("do_normalize", True), config.get("sampling_rate", 16000)
        if type(normalise) is not bool or type(rate) is not int:
            raise ModelError(
                f"do_normalize is {normalise!r} and sampling_rate {rate!r}",
                where=str(found.files.folder / name),
            )
        reasons.append(f"{name} says do_normalize {str(normalise).lower()}, sampling_rate {rate}")
    else:
        normalise, rate = True, 16000
        reasons.append(
            f"no {name}: samples at 16 kHz are normalised, as that family's extractor does by default"
        )
    return {"kind": "raw", "sample_rate": rate, "normalise": normalise, "waveform_scale": 1.0}


def _tokens(found: Candidate, size: int, reasons: list[str]) -> dict[str, Any]:
    files = found.files
    if "vocab.json" not in files.names:
        raise ModelError(
            "no vocab.json beside the model: its output cannot be read",
            where=str(files.folder / found.name),
            how="copy it, tokenizer_config.json and preprocessor_config.json from the checkpoint",
        )
    vocabulary, config = files.json("vocab.json"), _json(files, "tokenizer_config.json")
    special = _json(files, "special_tokens_map.json")
    table: dict[str, Any] = {"kind": "vocab-json", "file": "vocab.json", "size": size}
    if "added_tokens.json" in files.names:
        table["added"] = "added_tokens.json"
        vocabulary = vocabulary | files.json("added_tokens.json")
    language = config.get("target_lang")
    if isinstance(language, str) and isinstance(vocabulary.get(language), dict):
        table["language"] = language
        reasons.append(f"tokenizer_config.json says target_lang {language}")
        vocabulary = vocabulary[language]
    blank = _name(special.get("pad_token")) or _name(config.get("pad_token"))
    if blank in vocabulary:
        table["blank"] = blank
        reasons.append(f"the padding token {blank} is the blank")
    unknown = _name(special.get("unk_token")) or _name(config.get("unk_token"))
    if unknown in vocabulary:
        table["unknown"] = unknown
    separator = _name(config.get("word_delimiter_token")) or "|"
    table["word_separator"] = separator if separator in vocabulary else ""
    if not table["word_separator"]:
        reasons.append(f"vocab.json has no {separator!r}: the model writes no spaces")
    return table


def _json(files: ModelFiles, name: str) -> dict[str, Any]:
    return files.json(name) if name in files.names else {}


def _name(token: Any) -> str | None:
    """A token of a configuration, which may be an object with its content."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None


ADAPTER = Adapter(
    name="hf-ctc",
    summary="wav2vec 2.0, HuBERT, WavLM and the like with a CTC head, exported to ONNX",
    looks_for="model.onnx (input_values -> logits), vocab.json, preprocessor_config.json",
    load=load_onnx_ctc,
    detect=detect,
)
