"""Loading one ONNX graph with CTC scores, which every family of them shares."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from memaudit.models.adapter import LoadOptions, hashed
from memaudit.models.ctc.onnx_graph import bound
from memaudit.models.ctc.probe import probed
from memaudit.models.ctc.recognizer import (
    CtcDecoder,
    CtcGraph,
    CtcInputs,
    CtcOutputs,
    CtcRecognizer,
    ctc_blank,
    ctc_decoder_info,
)
from memaudit.models.description import Description
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.ort.files import external_files, quantised_operators
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.base import remarks


def load_onnx_ctc(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or the graph does not fit.
    """
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", CtcOutputs)
    front_end = description.front_end()
    path = description.model_path(options.suffixes)
    session = options.open(path)
    graph = bound(session, inputs, outputs, front_end, where=str(path))
    return finished(description, options, path, front_end, graph, graph.told())


def finished(
    description: Description,
    options: LoadOptions,
    path: Path,
    front_end: FrontEnd,
    graph: CtcGraph,
    told: tuple[str, ...],
) -> CtcRecognizer:
    """The recogniser of a graph that has been bound, probed.

    Args:
        description: what it is described by.
        options: how the user wants it.
        path: the model file.
        front_end: what makes its input.
        graph: what runs it.
        told: what binding it inferred, a sentence each.

    Raises:
        ModelError: if tokens or decoder are wrong, or the graph fails on noise.
    """
    decoder, tokens = description.section("decoder", CtcDecoder), description.tokens()
    blank = ctc_blank(tokens, where=str(description.path))
    found_out, doubts = remarks(tokens)
    quantised = quantised_operators(path)
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *external_files(path), *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder=ctc_decoder_info(tokens, decoder, runtime=f"onnxruntime {onnxruntime.__version__}"),
        inferred=(*description.reasons, *found_out, *told),
        warnings=(
            *doubts,
            *(f"{name} quantises activations as it runs: losses wobble" for name in quantised),
        ),
    )
    return probed(
        CtcRecognizer(info, front_end, tokens, blank, graph, str(path), blank_bias=decoder.blank_bias)
    )
