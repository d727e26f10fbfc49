"""NeMo's RNNT and TDT transducers in three graphs, as sherpa-onnx's scripts export them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import Graph, ModelFiles
from memaudit.models.transducer.detect import (
    durations,
    features_node,
    is_encoder,
    nemo_tokens,
    roles_of,
    scores_of,
    vocabulary_size,
)
from memaudit.models.transducer.graph import TransducerGraph
from memaudit.models.transducer.load import load_transducer
from memaudit.models.transducer.recognizer import TransducerDecoder, TransducerRecognizer
from memaudit.models.transducer.recurrent import recurrent_graph, sequence_joiner
from memaudit.models.transducer.three_files import ThreeFiles, three_files

# What sherpa-onnx allows: RNNT and TDT.
_MAX_SYMBOLS, _MAX_SYMBOLS_TDT = 10, 5


def load(description: Description, options: LoadOptions) -> TransducerRecognizer:
    """Load the model that ``description`` describes; errors as `load_transducer`."""

    def bind(paths: Sequence[Path], blank: int, _: TransducerDecoder) -> TransducerGraph[Any]:
        first, second = paths
        return recurrent_graph((options.open(first), first), (options.open(second), second), blank=blank)

    files = description.section("files", ThreeFiles)
    return load_transducer(
        description,
        options,
        files=(files.encoder, files.decoder, files.joiner),
        bind=bind,
        layout="features-time",
        max_symbols=lambda decoder: _MAX_SYMBOLS_TDT if decoder.durations else _MAX_SYMBOLS,
    )


def detect(files: ModelFiles) -> Detected | None:
    """Know NeMo's three graphs by a prediction network that takes targets and states.

    Raises:
        ModelError: if files are missing or ambiguous, or the tokens do not fit the scores.
    """
    found = three_files(files, mine=_has_states)
    if found is None:
        return None
    named, tokens = found
    graph = files.graph(named.encoder)
    if not is_encoder(graph) or graph.metadata.get("is_giga_am") == "1":
        return None
    size = vocabulary_size(files.folder / tokens)
    said = graph.metadata.get("vocab_size", "")
    if said.isdecimal() and int(said) + 1 != size:
        raise ModelError(
            f"has {size} tokens with the blank, but {named.encoder} was made for {int(said) + 1}",
            where=str(files.folder / tokens),
            how="give the token file that the model was trained with",
        )
    joiner = sequence_joiner(roles_of(files, named.joiner))
    spans, why = durations(scores_of(joiner), size, kind=None, where=joiner.where)
    node = features_node(graph)
    mels, source = node.shape[1], f"input {node.text}"
    if mels is None:
        said = graph.metadata.get("feat_dim", "")
        mels, source = (int(said), "the metadata") if said.isdecimal() else (80, "NeMo")
    normalise = _normalise(graph)
    reasons = [
        f"{named.encoder}, {named.decoder} with states, {named.joiner} and {tokens}: a NeMo transducer",
        f"{mels} mel bins, as {source} has it; NeMo's features, normalised: {normalise}",
        *([why] if why else []),
    ]
    table = {
        "files": named.model_dump(),
        "front_end": {"kind": "nemo", "num_mels": mels, "normalise": normalise},
        "tokens": nemo_tokens(files, tokens),
        "inputs": {"layout": "features-time"},
        "outputs": {"layout": "features-time"},
        "decoder": {"max_symbols": _MAX_SYMBOLS_TDT if spans else _MAX_SYMBOLS, "durations": spans},
    }
    return Detected(table, tuple(reasons))


def _has_states(decoder: Graph) -> bool:
    states = [node for node in decoder.inputs if node.is_float]
    # Others with states (GigaAM's, icefall's LSTM) take no number of tokens, and read one at a time.
    integers = sorted(len(node.shape) for node in decoder.inputs if node.is_integer)
    return bool(states) and integers == [1, 2] and len(decoder.outputs) > len(states)


def _normalise(graph: Graph) -> str:
    said = graph.metadata.get("normalize_type", "per_feature")
    return {"": "none", "NA": "none"}.get(said, said)


ADAPTER = Adapter(
    name="nemo-split",
    summary="a NeMo RNNT or TDT transducer in three graphs",
    looks_for="encoder*.onnx, decoder*.onnx (with states), joiner*.onnx and tokens.txt",
    load=load,
    detect=detect,
)
