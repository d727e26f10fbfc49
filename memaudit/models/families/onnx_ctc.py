"""One ONNX graph with CTC scores: log-mel or waveform in, logits or log-probabilities out."""

from __future__ import annotations

import onnxruntime

from memaudit.models.description import Description
from memaudit.models.families.base import LoadOptions, hashed
from memaudit.models.families.ctc import (
    CtcDecoder,
    CtcInputs,
    CtcOutputs,
    CtcRecognizer,
    ctc_blank,
    ctc_decoder_info,
)
from memaudit.models.families.ctc_probe import probed
from memaudit.models.families.onnx_ctc_graph import bound
from memaudit.models.ort.files import external_files, quantised_operators
from memaudit.models.ort.session import open_session
from memaudit.models.recognizer import ModelInfo


def load(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or the graph does not fit.
    """
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", CtcOutputs)
    decoder = description.section("decoder", CtcDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    blank = ctc_blank(tokens, where=str(description.path))
    path = description.model_path(options.suffixes)
    weights = external_files(path)
    session = open_session(path)
    graph = bound(session, inputs, outputs, front_end, where=str(path))
    quantised = quantised_operators(path)
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *weights, description.path, *tokens.files)),
        front_end=front_end.describe(),
        decoder=ctc_decoder_info(tokens, decoder, runtime=f"onnxruntime {onnxruntime.__version__}"),
        inferred=graph.told(),
        warnings=tuple(f"{name} quantises activations as it runs: losses wobble" for name in quantised),
    )
    return probed(CtcRecognizer(info, front_end, tokens, blank, graph, str(path)))
