"""A TorchScript file with CTC scores: the same inputs and outputs as the ONNX family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.ctc.recognizer import CtcDecoder, CtcInputs, CtcOutputs, CtcRecognizer, Layout, ctc_blank
from memaudit.models.description import Description
from memaudit.models.torchscript.ctc_graph import TorchCtcGraph
from memaudit.models.torchscript.ctc_load import finished_ctc
from memaudit.models.torchscript.module import (
    argument_names,
    open_module,
    parameter_dtype,
    quantised_warnings,
)
from memaudit.models.torchscript.trust import TORCHSCRIPT, require_trust

if TYPE_CHECKING:
    import torch


def load(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        UntrustedModelError: without the user's word: the file is not even opened then.
        MissingExtraError: if torch is not installed.
        ModelError: if a file is missing or is not what it should be, or the module does not fit.
    """
    path = description.model_path(options.suffixes)
    require_trust(path, options, TORCHSCRIPT)
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", CtcOutputs)
    decoder = description.section("decoder", CtcDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    ctc_blank(tokens, where=str(description.path))
    module = open_module(path)
    features, length = _arguments(module, inputs, where=str(path))
    layout: Layout | None = None
    if front_end.num_features is not None:
        layout = inputs.layout or "time-features"
    graph = TorchCtcGraph(module, str(path), features, layout, length, outputs, parameter_dtype(module))
    return finished_ctc(
        description,
        options,
        path,
        front_end,
        tokens,
        graph,
        decoder=decoder,
        inferred=graph.told(),
        warnings=quantised_warnings(module),
    )


def _arguments(module: torch.jit.ScriptModule, inputs: CtcInputs, *, where: str) -> tuple[str, str | None]:
    names = argument_names(module)
    if names is None:
        raise ModelError(
            "the module has no forward method", where=where, how="script or trace the whole model"
        )
    needed = argument_names(module, needed=True) or ()
    for key, name in (("features", inputs.features), ("length", inputs.length)):
        if name is not None and name not in names:
            raise ModelError(
                f"forward has no argument '{name}', which 'inputs.{key}' names",
                where=where,
                how=f"it has: {', '.join(names) or 'none'}",
            )
    # What must be given: the features, then the length.
    free = [name for name in needed if name not in (inputs.features, inputs.length)]
    features = inputs.features or (free.pop(0) if free else None)
    length = inputs.length or (free.pop(0) if free else None)
    if features is None or free:
        raise ModelError(
            f"forward takes {', '.join(names) or 'nothing'}, not features and at most their length",
            where=where,
            how="wrap the model in a module whose forward does, or name them in [inputs]",
        )
    return features, length


ADAPTER = Adapter(
    name="torchscript-ctc",
    summary="a TorchScript file with CTC scores (code: needs --trust-model)",
    looks_for="a model.toml",
    load=load,
    suffixes=(".pt", ".pth", ".ts", ".jit"),
    runtime="torch",
)
