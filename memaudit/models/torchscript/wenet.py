"""The methods of WeNet's final.zip: encoder, CTC scores, attention decoder."""

from __future__ import annotations

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

_CTC = ("forward_encoder_chunk", "ctc_activation")
_ATTENTION = ("forward_attention_decoder", "sos_symbol", "eos_symbol")


@dataclass(frozen=True)
class WenetModel:
    """A scripted model of WeNet.

    Attributes:
        module: with the methods that WeNet's own runtime calls.
        where: its file.
    """

    module: torch.jit.ScriptModule
    where: str

    def require(self, *methods: str) -> None:
        """Raise a `ModelError` that names the methods that it lacks."""
        missing = [name for name in methods if argument_names(self.module, name) is None]
        if missing:
            raise ModelError(
                f"no model of WeNet: it has no {', '.join(missing)}",
                where=self.where,
                how="export the model with WeNet's export_jit.py; 'family' may be another",
            )

    def require_ctc(self) -> None:
        """`ModelError` if it cannot give CTC scores."""
        self.require(*_CTC)

    def require_attention(self) -> None:
        """`ModelError` if it has no attention decoder."""
        self.require(_CTC[0], *_ATTENTION)

    @property
    def has_attention(self) -> bool:
        """Whether it has an attention decoder."""
        return all(argument_names(self.module, name) is not None for name in _ATTENTION)

    def encode(self, features: NDArray[np.float32]) -> torch.Tensor:
        """The encoder's output [1, T', D] of one utterance [T, F]: one chunk with all of it.

        Raises:
            ModelError: if it fails, or gives another shape.
        """
        import torch

        batch = torch.tensor(features[np.newaxis], dtype=parameter_dtype(self.module))
        # Offset 0, and -1: the whole history counts.
        chunk = self.module.forward_encoder_chunk
        output: torch.Tensor = run(chunk, batch, 0, -1, where=self.where, what="the encoder")[0]
        if output.ndim != 3 or output.shape[0] != 1:
            raise ModelError(
                f"the encoder gives {list(output.shape)}, not [1, frames, size]",
                where=self.where,
                how="export the model with WeNet's export_jit.py",
            )
        return output

    def attend(self, encoded: torch.Tensor, tokens: Sequence[int]) -> NDArray[np.float32]:
        """The scores [U, V] of what follows each prefix of U tokens, from left to right.

        Raises:
            ModelError: if it fails.
        """
        import torch

        given = (torch.tensor([tokens], dtype=torch.int64), torch.tensor([len(tokens)]), encoded, 0.0)
        decoder = self.module.forward_attention_decoder
        return float_array(run(decoder, *given, where=self.where, what="the attention decoder")[0][0])

    def symbol(self, name: str) -> int:
        """The index that ``sos_symbol`` or ``eos_symbol`` gives."""
        return int(run(getattr(self.module, name), where=self.where, what=name))


@dataclass(frozen=True)
class WenetCtcGraph:
    """A `CtcGraph`: encoder and CTC scores."""

    model: WenetModel

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`."""
        activation = self.model.module.ctc_activation
        encoded = self.model.encode(features)
        where = self.model.where
        return float_array(run(activation, encoded, where=where, what="the CTC scores")), None

    def batch_scores(self, features: Sequence[NDArray[np.float32]]) -> None:
        """None: WeNet's runtime gives it one utterance at a time; see `CtcGraph.batch_scores`."""
