"""The parts of icefall's jit_script.pt: encoder, CTC head, prediction network, joiner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.torchscript.module import argument_names, parameter_dtype
from memaudit.models.torchscript.run import float_array, run

if TYPE_CHECKING:
    import torch

# What icefall pads batches of log-mel features with.
_SILENCE = math.log(1e-10)


@dataclass(frozen=True)
class IcefallModel:
    """A scripted model of icefall.

    Attributes:
        module: with ``encoder`` and ``ctc_output``, or ``encoder``, ``decoder`` and ``joiner``.
        where: its file.
    """

    module: torch.jit.ScriptModule
    where: str

    @property
    def has_ctc(self) -> bool:
        """Whether it has a CTC head."""
        return hasattr(self.module, "ctc_output")

    @property
    def has_transducer(self) -> bool:
        """Whether it has a prediction network and a joiner."""
        return hasattr(self.module, "decoder") and hasattr(self.module, "joiner")

    def encode(self, features: Sequence[NDArray[np.float32]]) -> tuple[torch.Tensor, list[int]]:
        """The encoder's output [N, T', D] of N utterances [T, F], and how many frames of each count.

        Raises:
            ModelError: if it fails, or gives another shape.
        """
        import torch

        counts = [one.shape[0] for one in features]
        padded = [
            np.pad(one, ((0, max(counts) - one.shape[0]), (0, 0)), constant_values=_SILENCE)
            for one in features
        ]
        batch = torch.tensor(np.stack(padded), dtype=parameter_dtype(self.module))
        result = run(self.module.encoder, batch, torch.tensor(counts), where=self.where, what="the encoder")
        tensors = result if isinstance(result, tuple) else (result,)
        if len(tensors) != 2 or tensors[0].ndim != 3 or tensors[1].numel() != len(features):
            shapes = ", ".join(str(list(one.shape)) for one in tensors if isinstance(one, torch.Tensor))
            raise ModelError(
                f"the encoder gives {shapes}, not [utterances, frames, size] and the frames of each",
                where=self.where,
                how="export the model with icefall's export.py --jit 1",
            )
        return tensors[0], [int(count) for count in tensors[1]]


def icefall_model(module: torch.jit.ScriptModule, *, where: str) -> IcefallModel:
    """The parts of a module.

    Raises:
        ModelError: if one is missing, or the encoder is a streaming one.
    """
    model = IcefallModel(module, where)
    encoder = argument_names(module.encoder, needed=True) if hasattr(module, "encoder") else None
    if encoder is None or not (model.has_ctc or model.has_transducer):
        parts = ", ".join(name for name, _ in module.named_children())
        raise ModelError(
            "no model of icefall: it wants encoder and ctc_output, or encoder, decoder and joiner",
            where=where,
            how=f"it has: {parts or 'no parts'}; 'family' may be another",
        )
    if len(encoder) != 2:
        raise ModelError(
            f"its encoder takes {', '.join(encoder)}: a streaming encoder, or one that is not icefall's",
            where=where,
            how="export the model with --causal 0, or as the encoder of whole utterances",
        )
    return model


@dataclass(frozen=True)
class IcefallCtcGraph:
    """A `CtcGraph`: encoder and CTC head."""

    model: IcefallModel

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`."""
        return self.batch_scores([features])[0]

    def batch_scores(self, features: Sequence[NDArray[np.float32]]) -> list[tuple[NDArray[Any], int | None]]:
        """See `CtcGraph.batch_scores`; padded as icefall pads."""
        encoded, counts = self.model.encode(features)
        where = self.model.where
        scores = float_array(run(self.model.module.ctc_output, encoded, where=where, what="the CTC head"))
        return [(scores[i : i + 1], count) for i, count in enumerate(counts)]
