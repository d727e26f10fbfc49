"""The last steps of loading a CTC model that torch runs, which its families share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memaudit.models.adapter import LoadOptions, hashed
from memaudit.models.ctc.probe import probed
from memaudit.models.ctc.recognizer import CtcDecoder, CtcGraph, CtcRecognizer, ctc_blank, ctc_decoder_info
from memaudit.models.description import Description
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.base import Tokens, remarks
from memaudit.models.torchscript.run import torch_version


def finished_ctc(
    description: Description,
    options: LoadOptions,
    path: Path,
    front_end: FrontEnd,
    tokens: Tokens,
    graph: CtcGraph,
    *,
    decoder: CtcDecoder | None = None,
    inferred: Sequence[str],
    warnings: Sequence[str] = (),
) -> CtcRecognizer:
    """The recogniser, probed.

    Args:
        description: what is being loaded.
        options: how.
        path: the model file.
        front_end: its front end.
        tokens: its vocabulary.
        graph: the model, bound.
        decoder: how transcripts are made.
        inferred: what was found out of the graph.
        warnings: what makes figures less sure.

    Raises:
        ModelError: if the vocabulary has no blank, or the model fails on a second of noise.
    """
    found_out, doubts = remarks(tokens)
    decoder = decoder or CtcDecoder()
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder=ctc_decoder_info(tokens, decoder, runtime=torch_version()),
        inferred=(*description.reasons, *found_out, *inferred),
        warnings=(*doubts, *warnings),
    )
    blank = ctc_blank(tokens, where=str(description.path))
    return probed(CtcRecognizer(info, front_end, tokens, blank, graph, str(path), decoder.blank_bias))
