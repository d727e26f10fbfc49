"""NeMo's RNNT and TDT transducers as NeMo exports them: an encoder, and a graph of all the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles
from memaudit.models.transducer.detect import (
    durations,
    features_node,
    is_encoder,
    needed,
    nemo_tokens,
    roles_of,
    scores_of,
    vocabulary_size,
)
from memaudit.models.transducer.graph import TransducerGraph
from memaudit.models.transducer.load import load_transducer
from memaudit.models.transducer.merged import merged_graph, merged_net
from memaudit.models.transducer.recognizer import TransducerDecoder, TransducerRecognizer
from memaudit.models.validation import Table

_ENCODER = ("encoder-*.onnx", "encoder.onnx", "encoder_*.onnx")
_JOINT = ("decoder_joint*.onnx", "decoder-joint*.onnx")
_TOKENS = ("vocab.txt", "tokens.txt")
# What NeMo's greedy decoding and onnx-asr allow.
_MAX_SYMBOLS = 10


class NemoTransducerFiles(Table):
    """[files] of a NeMo transducer.

    Attributes:
        encoder: features to encoded frames.
        decoder_joint: encoded frames and tokens to scores.
    """

    encoder: str = Field("encoder-model.onnx", min_length=1)
    decoder_joint: str = Field("decoder_joint-model.onnx", min_length=1)


def load(description: Description, options: LoadOptions) -> TransducerRecognizer:
    """Load the model that ``description`` describes; errors as `load_transducer`."""

    def bind(paths: Sequence[Path], blank: int, _: TransducerDecoder) -> TransducerGraph[Any]:
        return merged_graph(options.open(paths[0]), paths[0], blank=blank)

    files = description.section("files", NemoTransducerFiles)
    return load_transducer(
        description,
        options,
        files=(files.encoder, files.decoder_joint),
        bind=bind,
        layout="features-time",
        max_symbols=lambda _: _MAX_SYMBOLS,
    )


def detect(files: ModelFiles) -> Detected | None:
    """Know a NeMo transducer by its decoder_joint file.

    Raises:
        ModelError: if encoder or tokens are missing or ambiguous, or the tokens do not fit the scores.
    """
    joint = files.one("decoder and joiner", *_JOINT)
    if joint is None:
        return None
    encoder = needed(files, "encoder", files.one("encoder", *_ENCODER), *_ENCODER[:1])
    graph = files.graph(encoder)
    if not is_encoder(graph):
        return None
    tokens = needed(files, "token file", files.one("token file", *_TOKENS), *_TOKENS)
    net, _ = merged_net(roles_of(files, joint))
    size, config = vocabulary_size(files.folder / tokens), _config(files)
    said = str(config.get("model_type", "")).rpartition("-")[2]
    kind = said if said in ("rnnt", "tdt") else None
    spans, why = durations(scores_of(net), size, kind=kind, where=str(files.folder / joint))
    node = features_node(graph)
    mels, source = node.shape[1], f"input {node.text}"
    if mels is None:
        mels, source = config.get("features_size", 80), "config.json" if "features_size" in config else "NeMo"
    reasons = [
        f"{encoder} and {joint} with {tokens}: a NeMo transducer",
        f"{mels} mel bins, as {source} has it; NeMo's features, normalised per feature",
        *([why] if why else []),
    ]
    table = {
        "files": {"encoder": encoder, "decoder_joint": joint},
        "front_end": {"kind": "nemo", "num_mels": mels},
        "tokens": nemo_tokens(files, tokens),
        "inputs": {"layout": "features-time"},
        "outputs": {"layout": "features-time"},
        "decoder": {"max_symbols": config.get("max_tokens_per_step", _MAX_SYMBOLS), "durations": spans},
    }
    return Detected(table, tuple(reasons))


def _config(files: ModelFiles) -> dict[str, Any]:
    return files.json("config.json") if "config.json" in files.names else {}


ADAPTER = Adapter(
    name="nemo-transducer",
    summary="a NeMo RNNT or TDT transducer, encoder and decoder_joint",
    looks_for="encoder-*.onnx, decoder_joint-*.onnx and vocab.txt",
    load=load,
    detect=detect,
)
