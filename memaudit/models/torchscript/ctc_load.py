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
from memaudit.models.tokens.base import Remarked, Tokens
from memaudit.models.torchscript.run import torch_version


def finished_ctc(
    description: Description,
    options: LoadOptions,
    path: Path,
    front_end: FrontEnd,
    tokens: Tokens,
    graph: CtcGraph,
    *,
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
        inferred: what was found out of the graph.
        warnings: what makes figures less sure.

    Raises:
        ModelError: if the vocabulary has no blank, or the model fails on a second of noise.
    """
    remarked = tokens if isinstance(tokens, Remarked) else None
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder=ctc_decoder_info(tokens, CtcDecoder(), runtime=torch_version()),
        inferred=(*description.reasons, *inferred, *(remarked.inferred if remarked else ())),
        warnings=(*warnings, *(remarked.warnings if remarked else ())),
    )
    blank = ctc_blank(tokens, where=str(description.path))
    return probed(CtcRecognizer(info, front_end, tokens, blank, graph, str(path)))
