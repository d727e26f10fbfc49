"""A program of torch.export (.pt2) with CTC scores: the same inputs and outputs as the ONNX family."""

from __future__ import annotations

from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.ctc.recognizer import CtcDecoder, CtcInputs, CtcOutputs, CtcRecognizer, ctc_blank
from memaudit.models.description import Description
from memaudit.models.torchscript.ctc_graph import TorchCtcGraph
from memaudit.models.torchscript.ctc_load import finished_ctc
from memaudit.models.torchscript.exported import open_program
from memaudit.models.torchscript.exported_arguments import bound_arguments
from memaudit.models.torchscript.trust import EXPORTED_PROGRAM, require_trust


def load(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the program that ``description`` describes.

    Raises:
        UntrustedModelError: without the user's word: the file is not even opened then.
        MissingExtraError: if torch is not installed.
        ModelError: if a file is missing or is not what it should be, or the program does not fit.
    """
    path = description.model_path(options.suffixes)
    require_trust(path, options, EXPORTED_PROGRAM)
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", CtcOutputs)
    decoder = description.section("decoder", CtcDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    ctc_blank(tokens, where=str(description.path))
    program = open_program(path)
    features, length, layout = bound_arguments(program.arguments, inputs, front_end, where=str(path))
    graph = TorchCtcGraph(
        program,
        str(path),
        features.name,
        layout,
        None if length is None else length.name,
        outputs,
        features.dtype,
        batches=features.shape[0] is None,
    )
    return finished_ctc(
        description, options, path, front_end, tokens, graph, decoder=decoder, inferred=graph.told()
    )


ADAPTER = Adapter(
    name="exported-program",
    summary="a torch.export program with CTC scores (read with pickle: needs --trust-model)",
    looks_for="a model.toml",
    load=load,
    suffixes=(".pt2",),
    runtime="torch",
)
