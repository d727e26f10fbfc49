"""How many of the first k guesses are right, for every k at once: laws of a walk and of its boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from memaudit.stats.checks import Floats, Ints
from memaudit.stats.poisson_binomial import count_law


@dataclass(frozen=True, eq=False)
class PrefixWalk:
    """Numbers W_k of right guesses among the first k, guess j right with chance e^(r_j eps)/(1+e^(r_j eps)).

    Args:
        copies: i8[m] of each guess, r_j, in the order of the guesses.
        lengths: i8[K] prefix lengths k, ascending, the last one at most m.
    """

    copies: Ints
    lengths: Ints

    @cached_property
    def _levels(self) -> Floats:
        return np.unique(self.copies).astype(np.float64)

    @cached_property
    def _blocks(self) -> tuple[Ints, Ints]:
        """Guesses of each level between one length and the next: the different rows, and which one it is."""
        member = self.copies[:, None] == self._levels[None, :]
        so_far = np.concatenate([np.zeros((1, self._levels.size), dtype=np.int64), np.cumsum(member, axis=0)])
        rows, which = np.unique(np.diff(so_far[self.lengths], axis=0, prepend=0), axis=0, return_inverse=True)
        return rows, which.reshape(-1)

    def _steps(self, epsilon: float) -> list[Floats]:
        chances = expit(self._levels * epsilon)
        rows, which = self._blocks
        laws = [count_law(row, chances) for row in rows]
        return [laws[row] for row in which.tolist()]

    def laws(self, epsilon: float) -> Iterator[Floats]:
        """Law of W_k for each length, in turn."""
        law = np.ones(1)
        for step in self._steps(epsilon):
            law = np.convolve(law, step)
            yield law

    def tails(self, epsilon: float, right: Ints) -> Floats:
        """P[W_k >= right[k]] for each length, f8[K]."""
        laws = zip(self.laws(epsilon), right.tolist(), strict=True)
        return np.array([law[least:].sum() for law, least in laws])

    def thresholds(self, epsilon: float, level: float) -> Ints:
        """Smallest c with P[W_k >= c] <= level for each length, i8[K]; k + 1 where there is none up to k."""
        found = []
        for law in self.laws(epsilon):
            tail = np.cumsum(law[::-1])
            found.append(law.size - int(np.searchsorted(tail, level, side="right")))
        return np.array(found, dtype=np.int64)

    def crossing(self, epsilon: float, thresholds: Ints) -> float:
        """P[W_k >= thresholds[k] for some length]."""
        law, crossed = np.ones(1), 0.0
        for step, least in zip(self._steps(epsilon), thresholds.tolist(), strict=True):
            law = np.convolve(law, step)
            crossed += float(law[least:].sum())
            law = law[:least]
        return crossed
