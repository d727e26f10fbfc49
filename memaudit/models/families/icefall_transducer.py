"""icefall's transducers (k2, sherpa-onnx, Vosk): encoder, prediction network of the last tokens, joiner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import Graph, ModelFiles
from memaudit.models.transducer.detect import features_node, is_encoder
from memaudit.models.transducer.graph import TransducerGraph
from memaudit.models.transducer.load import load_transducer
from memaudit.models.transducer.recognizer import TransducerDecoder, TransducerRecognizer
from memaudit.models.transducer.stateless import stateless_graph
from memaudit.models.transducer.three_files import ThreeFiles, three_files

# What icefall's greedy search, sherpa-onnx and onnx-asr allow.
_MAX_SYMBOLS = 1


def load(description: Description, options: LoadOptions) -> TransducerRecognizer:
    """Load the model that ``description`` describes; errors as `load_transducer`."""

    def bind(paths: Sequence[Path], blank: int, decoder: TransducerDecoder) -> TransducerGraph[Any]:
        first, second = ((options.open(path), path) for path in paths)
        return stateless_graph(first, second, blank=blank, context=decoder.context)

    files = description.section("files", ThreeFiles)
    return load_transducer(
        description,
        options,
        files=(files.encoder, files.decoder, files.joiner),
        bind=bind,
        layout="time-features",
        max_symbols=lambda _: _MAX_SYMBOLS,
    )


def detect(files: ModelFiles) -> Detected | None:
    """Know icefall's three graphs by a prediction network that takes the last tokens alone.

    Raises:
        ModelError: if files are missing or ambiguous, or the encoder is a streaming one.
    """
    found = three_files(files, mine=_reads_tokens_only)
    if found is None:
        return None
    named, tokens = found
    graph = files.graph(named.encoder)
    if not is_encoder(graph):
        raise ModelError(
            f"takes {len(graph.inputs)} inputs, not features and their length: a streaming encoder",
            where=str(files.folder / named.encoder),
            how="export the model that is not streaming",
        )
    node = features_node(graph)
    mels, source = node.shape[2], f"input {node.text}"
    if mels is None:
        mels, source = 80, "icefall"
    reader = files.graph(named.decoder)
    said = reader.metadata.get("context_size", "")
    context = int(said) if said.isdecimal() and int(said) else reader.inputs[0].shape[1] or 2
    table = {
        "files": named.model_dump(),
        "front_end": {"kind": "kaldi", "num_mels": mels},
        "tokens": {"kind": "pieces", "file": tokens},
        "inputs": {"layout": "time-features"},
        "outputs": {"layout": "time-features"},
        "decoder": {"max_symbols": _MAX_SYMBOLS, "context": context},
    }
    reasons = (
        f"{named.encoder}, {named.decoder} of the last {context} tokens, {named.joiner} and {tokens}: "
        "an icefall transducer",
        f"{mels} mel bins, as {source} has it; icefall's Kaldi features",
    )
    return Detected(table, reasons)


def _reads_tokens_only(decoder: Graph) -> bool:
    return len(decoder.inputs) == 1 and decoder.inputs[0].is_integer and len(decoder.inputs[0].shape) == 2


ADAPTER = Adapter(
    name="icefall-transducer",
    summary="an icefall (k2) transducer in three graphs",
    looks_for="encoder*.onnx, decoder*.onnx (without states), joiner*.onnx and tokens.txt",
    load=load,
    detect=detect,
)
