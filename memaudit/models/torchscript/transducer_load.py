"""The last steps of loading the transducer of an icefall module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from memaudit.errors import ModelError
from memaudit.models.adapter import LoadOptions, hashed
from memaudit.models.ctc.onnx_graph import OnnxCtcGraph
from memaudit.models.description import Description
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.base import Tokens, remarks
from memaudit.models.torchscript.icefall import IcefallModel
from memaudit.models.torchscript.icefall_transducer import icefall_transducer
from memaudit.models.torchscript.module import quantised_warnings
from memaudit.models.torchscript.run import torch_version
from memaudit.models.transducer.encoder import Encoder
from memaudit.models.transducer.probe import probed
from memaudit.models.transducer.recognizer import TransducerRecognizer


def finished_transducer(
    description: Description,
    options: LoadOptions,
    path: Path,
    front_end: FrontEnd,
    tokens: Tokens,
    model: IcefallModel,
    *,
    max_symbols: int,
    inferred: Sequence[str],
) -> TransducerRecognizer:
    """The recogniser, probed.

    Args:
        description: what is being loaded.
        options: how.
        path: the model file.
        front_end: its front end.
        tokens: its vocabulary.
        model: the module.
        max_symbols: the most tokens that the search writes on one frame.
        inferred: what was found out of the module.

    Raises:
        ModelError: if the blank is not the module's, or the model fails on a second of noise.
    """
    if tokens.blank is None:
        where = str(description.path)
        raise ModelError("a transducer needs a blank token", where=where, how="set 'tokens.blank'")
    doubts = quantised_warnings(model.module)
    graph = icefall_transducer(model, blank=tokens.blank, quantised=bool(doubts))
    found_out, token_doubts = remarks(tokens)
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder={
            "method": "transducer",
            "max_symbols": max_symbols,
            "context": graph.context,
            "loss": "rnnt-full-lattice",
            "tokens": tokens.describe(),
            "runtime": torch_version(),
        },
        inferred=(*description.reasons, *found_out, *inferred),
        warnings=(*token_doubts, *doubts),
    )
    # The encoder gives frames and their number as a CTC graph gives scores and theirs.
    encoder = Encoder(cast("OnnxCtcGraph", graph), "time-features")
    return probed(TransducerRecognizer(info, front_end, tokens, tokens.blank, encoder, graph, max_symbols))
