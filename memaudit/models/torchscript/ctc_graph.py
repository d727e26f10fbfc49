"""A torch callable with CTC scores: what its arguments and results are for, and one run of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.ctc.recognizer import CtcOutputs, Layout, arranged
from memaudit.models.torchscript.run import float_array, run

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TorchCtcGraph:
    """A callable whose arguments and results have been bound.

    Attributes:
        call: takes the tensors by the names of the arguments.
        where: the model file.
        features: the argument that takes the front end's output.
        layout: order of its axes; None for a waveform.
        length: the argument that takes its length, or None.
        outputs: which results to take, where the model.toml says so.
        dtype: what the features are turned into.
        batches: whether it may be given several utterances at once.
    """

    call: Callable[..., Any]
    where: str
    features: str
    layout: Layout | None
    length: str | None
    outputs: CtcOutputs
    dtype: torch.dtype
    batches: bool = True

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`."""
        scores, lengths = self._run(arranged(features, self.layout), [features.shape[0]])
        return scores, None if lengths is None else lengths[0]

    def batch_scores(
        self, features: Sequence[NDArray[np.float32]]
    ) -> list[tuple[NDArray[Any], int | None]] | None:
        """See `CtcGraph.batch_scores`."""
        if self.length is None or not self.batches:
            return None
        counts = [one.shape[0] for one in features]
        rows = [
            arranged(np.pad(one, [(0, max(counts) - one.shape[0]), *[(0, 0)] * (one.ndim - 1)]), self.layout)
            for one in features
        ]
        scores, lengths = self._run(np.concatenate(rows), counts)
        if scores.shape[0] != len(rows) or (lengths is not None and len(lengths) != len(rows)):
            return None  # time first, or no batches at all
        return [(scores[i : i + 1], None if lengths is None else lengths[i]) for i in range(len(rows))]

    def told(self) -> tuple[str, ...]:
        """What was inferred, a sentence each."""
        told = [f"argument {self.features} takes the front end's output"]
        if self.layout is not None:
            told.append(f"its axes are batch, {self.layout.replace('-', ', ')}")
        if self.length is not None:
            told.append(f"argument {self.length} takes its length")
        return tuple(told)

    def _run(
        self, features: NDArray[np.float32], counts: list[int]
    ) -> tuple[NDArray[np.float32], list[int] | None]:
        import torch

        given = {self.features: torch.tensor(features, dtype=self.dtype)}
        if self.length is not None:
            given[self.length] = torch.tensor(counts, dtype=torch.int64)
        return _read(
            run(self.call, named=given, where=self.where), self.outputs, len(counts), where=self.where
        )


def _read(
    result: Any, outputs: CtcOutputs, batch: int, *, where: str
) -> tuple[NDArray[np.float32], list[int] | None]:
    """The scores and their lengths among what a callable gave: a tensor, a tuple, or a dictionary of them."""
    import torch

    if isinstance(result, Mapping):
        parts = {str(key): value for key, value in result.items()}
    else:
        several = isinstance(result, tuple | list)
        parts = {str(i): part for i, part in enumerate(result if several else (result,))}
    tensors = {name: part for name, part in parts.items() if isinstance(part, torch.Tensor)}
    for key, name in (("scores", outputs.scores), ("length", outputs.length)):
        if name is not None and name not in tensors:
            raise ModelError(
                f"gives no '{name}', which 'outputs.{key}' names",
                where=where,
                how=f"it gives: {', '.join(tensors) or 'no tensors'}",
            )
    scores = outputs.scores or next(
        (name for name, part in tensors.items() if part.is_floating_point() and part.ndim == 3), None
    )
    if scores is None:
        shapes = ", ".join(f"{name} {list(part.shape)}" for name, part in tensors.items())
        raise ModelError(
            "no result has scores [1, frames, tokens]", where=where, how=f"it gives: {shapes or 'none'}"
        )
    length = outputs.length or next(
        (name for name, part in tensors.items() if _is_length(part, batch) and name != scores), None
    )
    lengths = None if length is None else [int(count) for count in tensors[length].reshape(-1)]
    return float_array(tensors[scores]), lengths


def _is_length(part: torch.Tensor, batch: int) -> bool:
    return not part.is_floating_point() and not part.is_complex() and part.ndim <= 1 and part.numel() == batch
