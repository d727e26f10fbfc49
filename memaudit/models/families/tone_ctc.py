"""T-one, a streaming CTC model of Russian on the telephone."""

from __future__ import annotations

from typing import Any

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.ctc.candidate import Candidate, candidate, static
from memaudit.models.ctc.chunked import chunked
from memaudit.models.ctc.onnx_load import finished
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.frontends.raw import RawFrontEnd
from memaudit.models.model_files import ModelFiles


def load(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or the graph does not fit.
    """
    front_end = description.front_end()
    if front_end.num_features is not None:
        raise ModelError(
            "the model takes a waveform", where=str(description.path), how='set front_end.kind = "raw"'
        )
    path = description.model_path(options.suffixes)
    graph = chunked(options.open(path), where=str(path))
    told = (
        f"it takes {graph.chunk} samples at a time; a chunk of silence is put before and after the audio, "
        "and the first chunk's scores are left out, as its own pipeline does",
    )
    return finished(description, options, path, front_end, graph, told)


def detect(files: ModelFiles) -> Detected | None:
    """signal and state to logprobs and state_next, with tokens.txt or vocab.json beside it."""
    found = candidate(files, "model*.onnx", "model*.ort")
    if found is None or not found.takes("signal", "state"):
        return None
    scores = found.graph.output("logprobs")
    if scores is None or found.graph.output("state_next") is None:
        return None
    reasons = (
        f"{found.name} takes signal and state and gives logprobs and state_next: T-one",
        "it takes 16-bit samples at 8 kHz",
    )
    tokens, told = _tokens(found, static(scores, -1))
    table = {
        "files": {"model": found.name},
        "front_end": RawFrontEnd(sample_rate=8000, waveform_scale=32767.0).describe(),
        "tokens": tokens,
    }
    return Detected(table, (*reasons, *told))


def _tokens(found: Candidate, size: int | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    if "vocab.json" in found.files.names and "tokens.txt" not in found.files.names:
        return {"kind": "vocab-json", "file": "vocab.json", "word_separator": "|"}, ()
    return found.tokens("tokens.txt", size=size)


ADAPTER = Adapter(
    name="tone-ctc",
    summary="T-one, a streaming CTC model",
    looks_for="model.onnx (signal, state -> logprobs, state_next), tokens.txt or vocab.json",
    load=load,
    detect=detect,
)
