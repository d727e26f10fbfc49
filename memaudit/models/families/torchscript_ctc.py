"""A TorchScript file with CTC scores: the same inputs and outputs as the ONNX family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError, UntrustedModelError
from memaudit.models.adapter import Adapter, LoadOptions, hashed
from memaudit.models.ctc.probe import probed
from memaudit.models.ctc.recognizer import (
    CtcDecoder,
    CtcInputs,
    CtcOutputs,
    CtcRecognizer,
    Layout,
    arranged,
    ctc_blank,
    ctc_decoder_info,
)
from memaudit.models.description import Description
from memaudit.models.recognizer import ModelInfo
from memaudit.models.torchscript.module import open_module, short_reason, torch_errors, torch_version

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TorchScriptCtcGraph:
    """A module whose arguments and results have been bound."""

    module: torch.jit.ScriptModule
    where: str
    features: str
    layout: Layout | None
    length: str | None
    outputs: CtcOutputs

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`."""
        import torch

        given = {self.features: torch.tensor(arranged(features, self.layout))}
        if self.length is not None:
            given[self.length] = torch.tensor([features.shape[0]], dtype=torch.int64)
        try:
            with torch.inference_mode():
                result = self.module(**given)
        except torch_errors() as error:
            shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in given.items())
            raise ModelError(
                f"the module fails on {shapes} ({short_reason(error)})",
                where=self.where,
                how="check [front_end] and [inputs] of its model.toml",
            ) from error
        return self._read(result)

    def batch_scores(self, features: Sequence[NDArray[np.float32]]) -> None:
        """None: a module is run one utterance at a time; see `CtcGraph.batch_scores`."""

    def _read(self, result: Any) -> tuple[NDArray[Any], int | None]:
        import torch

        if isinstance(result, Mapping):
            parts = {str(key): value for key, value in result.items()}
        else:
            several = isinstance(result, tuple | list)
            parts = {str(i): part for i, part in enumerate(result if several else (result,))}
        tensors = {name: part for name, part in parts.items() if isinstance(part, torch.Tensor)}
        for key, name in (("scores", self.outputs.scores), ("length", self.outputs.length)):
            if name is not None and name not in tensors:
                raise ModelError(
                    f"gives no '{name}', which 'outputs.{key}' names",
                    where=self.where,
                    how=f"it gives: {', '.join(tensors) or 'no tensors'}",
                )
        scores = self.outputs.scores or next(
            (name for name, part in tensors.items() if part.is_floating_point() and part.ndim == 3), None
        )
        if scores is None:
            shapes = ", ".join(f"{name} {list(part.shape)}" for name, part in tensors.items())
            raise ModelError(
                "no result has scores [1, frames, tokens]",
                where=self.where,
                how=f"it gives: {shapes or 'none'}",
            )
        length = self.outputs.length or next(
            (name for name, part in tensors.items() if _is_length(part) and name != scores), None
        )
        frames = None if length is None else int(tensors[length].reshape(-1)[0])
        return tensors[scores].to(torch.float32).numpy(), frames


def load(description: Description, options: LoadOptions) -> CtcRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        UntrustedModelError: without the user's word: the file is not even opened then.
        MissingExtraError: if torch is not installed.
        ModelError: if a file is missing or is not what it should be, or the module does not fit.
    """
    path = description.model_path(options.suffixes)
    if not options.trust_model:
        raise UntrustedModelError(
            "TorchScript is code, which runs with your rights when it is loaded",
            where=str(path),
            how="give --trust-model if you trust whoever made it, or export the model to ONNX",
        )
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", CtcOutputs)
    decoder = description.section("decoder", CtcDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    blank = ctc_blank(tokens, where=str(description.path))
    module = open_module(path)
    features, length = _arguments(module, inputs, where=str(path))
    layout: Layout | None = None
    if front_end.num_features is not None:
        layout = inputs.layout or "time-features"
    graph = TorchScriptCtcGraph(module, str(path), features, layout, length, outputs)
    told = [f"argument {features} takes the front end's output"]
    if layout is not None:
        told.append(f"its axes are batch, {layout.replace('-', ', ')}")
    if length is not None:
        told.append(f"argument {length} takes its length")
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder=ctc_decoder_info(tokens, decoder, runtime=torch_version()),
        inferred=(*description.reasons, *told),
    )
    return probed(CtcRecognizer(info, front_end, tokens, blank, graph, str(path)))


def _arguments(module: torch.jit.ScriptModule, inputs: CtcInputs, *, where: str) -> tuple[str, str | None]:
    schema = getattr(getattr(module, "forward", None), "schema", None)
    if schema is None:
        raise ModelError(
            "the module has no forward method", where=where, how="script or trace the whole model"
        )
    arguments = schema.arguments[1:]
    names = [argument.name for argument in arguments]
    for key, name in (("features", inputs.features), ("length", inputs.length)):
        if name is not None and name not in names:
            raise ModelError(
                f"forward has no argument '{name}', which 'inputs.{key}' names",
                where=where,
                how=f"it has: {', '.join(names) or 'none'}",
            )
    # What must be given: the features, then the length.
    needed = [argument.name for argument in arguments if not argument.has_default_value()]
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


def _is_length(part: torch.Tensor) -> bool:
    return not part.is_floating_point() and not part.is_complex() and part.ndim <= 1 and part.numel() == 1


ADAPTER = Adapter(
    name="torchscript-ctc",
    summary="a TorchScript file with CTC scores (code: needs --trust-model)",
    looks_for="a model.toml",
    load=load,
    suffixes=(".pt", ".pth", ".ts", ".jit"),
    runtime="torch",
)
