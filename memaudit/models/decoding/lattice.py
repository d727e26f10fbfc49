"""What the lattices of transducers share: their nodes, their columns of the scores, their anti-diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
LogProbabilities = NDArray[np.float64]
P = TypeVar("P")

# Scores that are normalised at a time: as many as stay in the processor's cache.
_BLOCK = 1 << 15


class NonFiniteScoresError(ValueError):
    """The scores that decide a step are not finite, so there is no best token.

    Args:
        score: the one that came out highest.
    """

    def __init__(self, score: float) -> None:
        self.score = score
        super().__init__(f"the best score is {score}")


class Predictor(Protocol[P]):
    """One utterance in a transducer, for a search: what was written so far, joined with one frame.

    P is the prediction network's answer to the tokens written so far, of whatever type the model needs.
    """

    def predict(self, written: Sequence[int], previous: P | None) -> P:
        """The prediction after the tokens ``written``.

        Args:
            written: every token so far, none of them the blank.
            previous: the prediction without the last of them, which has been joined; None at the start.
        """
        ...

    def join(self, frame: int, prediction: P) -> Scores:
        """The scores [V], or [V + durations], of one frame after what ``prediction`` stands for."""
        ...


def best(scores: Scores) -> int:
    """The index of the highest score, the first of equal ones.

    Raises:
        NonFiniteScoresError: if it is not finite; a NaN anywhere counts as the highest.
    """
    index = int(scores.argmax())
    if not np.isfinite(scores[index]):
        raise NonFiniteScoresError(float(scores[index]))
    return index


def columns(scores: Scores, targets: Sequence[int], blank: int) -> tuple[LogProbabilities, LogProbabilities]:
    """The log-probabilities that an alignment of ``targets`` can meet, in float64.

    Args:
        scores: [T, U + 1, V] logits or log-probabilities; [t, u] follows the first u targets. They are always
            log-softmaxed, which changes nothing where they are log-probabilities already.
        targets: U token indices, none of them the blank.
        blank: index of the blank.

    Returns:
        Those of the blank, [T, U + 1], and of the next target, [T, U].

    Raises:
        ValueError: if a target is the blank or no index into V, or there are not U + 1 rows a frame.
    """
    frames, rows, size = scores.shape
    labels = np.asarray(targets, dtype=np.intp)
    if ((labels < 0) | (labels >= size) | (labels == blank)).any() or rows != labels.size + 1:
        raise ValueError(
            f"targets {list(targets)} do not fit {rows} rows of {size} tokens with the blank {blank}"
        )
    shift = np.empty((frames, rows))
    step = max(1, _BLOCK // (rows * size))
    for start in range(0, frames, step):
        block = slice(start, start + step)
        terms = scores[block].astype(np.float64)
        highest = terms.max(axis=2, keepdims=True)
        terms -= highest
        shift[block] = highest[:, :, 0] + np.log(np.exp(terms, out=terms).sum(axis=2))
    return scores[:, :, blank] - shift, scores[:, np.arange(labels.size), labels] - shift[:, :-1]


def diagonals(grid: LogProbabilities, rows: int) -> LogProbabilities:
    """Anti-diagonals as rows: result[t + u, u] = grid[t, u], and -inf where there is no such cell.

    Args:
        grid: [T, W], or [T, W, ...].
        rows: how many there shall be, at least T + W - 1.
    """
    frames, width = grid.shape[:2]
    turned = np.full((rows, *grid.shape[1:]), -np.inf)
    column = np.arange(width)
    turned[np.arange(frames)[:, np.newaxis] + column, column] = grid
    return turned
