"""Prediction network and joiner of icefall's jit_script.pt, behind the interface that transducers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.torchscript.icefall import IcefallModel
from memaudit.models.torchscript.module import argument_names
from memaudit.models.torchscript.run import float_array, run
from memaudit.models.transducer.graph import Encoded

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class IcefallTransducer:
    """Encoder and a `TransducerGraph`; a prediction is a tensor [U + 1, J].

    A text begins with the blank, and with nothing before it: as icefall trains (padded embeddings), as its
    `greedy_search` and sherpa search (-1 before the blank). Encoded frames and predictions are projected for
    the joiner once, not with every pair of them.
    """

    model: IcefallModel
    blank: int
    context: int
    projects: bool
    quantised: bool

    @property
    def width(self) -> int | None:
        """See `TransducerGraph.width`: a module does not say."""
        return None

    @property
    def where(self) -> str:
        """See `TransducerGraph.where`."""
        return self.model.where

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """The encoded frames [1, T', J], in the form of `CtcGraph.scores`."""
        return self.batch_scores([features])[0]

    def batch_scores(self, features: Sequence[NDArray[np.float32]]) -> list[tuple[NDArray[Any], int | None]]:
        """Likewise of several utterances, padded as icefall pads."""
        encoded, counts = self.model.encode(features)
        frames = float_array(self._projected("encoder_proj", encoded))
        return [(frames[i : i + 1], count) for i, count in enumerate(counts)]

    def start(self) -> torch.Tensor:
        """See `TransducerGraph.start`."""
        return self.along(())

    def after(self, written: Sequence[int], previous: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """See `TransducerGraph.after`."""
        recent = [self.blank, *written]
        if len(recent) < self.context:
            return self.along(written)[-1:]
        return self._read(recent[-self.context :], pad=False)[-1:]

    def along(self, targets: Sequence[int]) -> torch.Tensor:
        """See `TransducerGraph.along`."""
        return self._read([self.blank, *targets], pad=True)

    def score(self, encoded: Encoded, prediction: torch.Tensor) -> NDArray[Any]:
        """See `TransducerGraph.score`."""
        import torch

        frames = torch.tensor(encoded, dtype=prediction.dtype)
        shape = (1, len(encoded), len(prediction))
        # As in training: joiners of all recipes take [N, T, U, J] of equal shapes.
        first = frames[None, :, None].expand(*shape, frames.shape[1])
        second = prediction[None, None].expand(*shape, prediction.shape[1])
        flags = (False,) if self.projects else ()
        joiner = self.model.module.joiner
        return float_array(run(joiner, first, second, *flags, where=self.where, what="the joiner")[0])

    def _read(self, tokens: Sequence[int], *, pad: bool) -> torch.Tensor:
        import torch

        decoder = self.model.module.decoder
        given = torch.tensor([tokens], dtype=torch.int64)
        output = run(decoder, given, pad, where=self.where, what="the prediction network")
        wanted = len(tokens) if pad else 1
        if output.ndim != 3 or output.shape[1] != wanted:
            raise ModelError(
                f"the prediction network gives {list(output.shape)}, not [1, {wanted}, size]",
                where=self.where,
                how="export the model with icefall's export.py --jit 1",
            )
        projected: torch.Tensor = self._projected("decoder_proj", output)[0]
        return projected

    def _projected(self, name: str, values: torch.Tensor) -> torch.Tensor:
        if not self.projects:
            return values
        layer = getattr(self.model.module.joiner, name)
        projected: torch.Tensor = run(layer, values, where=self.where, what=f"the joiner's {name}")
        return projected


def icefall_transducer(model: IcefallModel, *, blank: int, quantised: bool) -> IcefallTransducer:
    """Bind prediction network and joiner.

    Args:
        model: the module.
        blank: index of the vocabulary's blank.
        quantised: whether activations are quantised as it runs.

    Raises:
        ModelError: if the module's blank is another, or it does not say its context.
    """
    decoder, joiner = model.module.decoder, model.module.joiner
    said, context = (getattr(decoder, name, None) for name in ("blank_id", "context_size"))
    if not isinstance(context, int) or context < 1:
        raise ModelError(
            "its prediction network does not say how many tokens it reads (decoder.context_size)",
            where=model.where,
            how="export a model with icefall's stateless prediction network",
        )
    if said is not None and said != blank:
        raise ModelError(
            f"its blank is token {said}, the vocabulary's is {blank}",
            where=model.where,
            how="give the token file that the model was trained with ('tokens.file', 'tokens.blank')",
        )
    takes = argument_names(joiner) or ()
    projects = (
        "project_input" in takes and hasattr(joiner, "encoder_proj") and hasattr(joiner, "decoder_proj")
    )
    return IcefallTransducer(model, blank, context, projects, quantised)
