"""Strata in which canaries were dealt different numbers of repetitions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial, prod

import numpy as np
from scipy.special import gammaln

from memaudit.stats.arms import split_strata
from memaudit.stats.checks import Floats, Ints

# Numbers shuffled at once: 32 MiB of them.
CHUNK = 1 << 22
# From so many canaries on, only those with another dose than most are drawn, one dealing at a time: most are
# held out, and to shuffle them all takes several times as long.
LARGE = 1024


@dataclass(frozen=True, eq=False)
class Doses:
    """Values f8[n] and doses f8[n] of the canaries of one stratum; any dealing of the doses was as likely."""

    values: Floats
    doses: Floats

    @property
    def observed(self) -> float:
        """Sum of dose times value."""
        return float(self.doses @ self.values)

    @property
    def scale(self) -> float:
        """Sum of absolute values at the largest dose."""
        return float(np.abs(self.values).sum() * np.abs(self.doses).max())

    @property
    def relabellings(self) -> int:
        """In how many ways the doses can be dealt."""
        return _dealings(self.doses)

    @property
    def log_chance_of_best(self) -> float:
        """Log probability that a random dealing gives larger doses to larger values throughout."""
        doses, values = np.sort(self.doses), np.sort(self.values)
        # Only canaries of equal value can swap different doses and keep the sum.
        starts = np.flatnonzero(np.diff(values, prepend=np.nan))
        stops = np.append(starts[1:], values.size)
        tied = stops - starts > 1
        blocks = (doses[a:b] for a, b in zip(starts[tied].tolist(), stops[tied].tolist(), strict=True))
        return sum(_log_dealings(block) for block in blocks) - _log_dealings(doses)

    def all_sums(self) -> Floats:
        """Sum of dose times value for each dealing, f8[relabellings]."""
        levels, copies = np.unique(self.doses, return_counts=True)
        # Every dealing so far, and the places that it leaves: each level is dealt to all of them at once.
        sums, free = np.zeros(1), np.arange(self.values.size)[np.newaxis]
        for level, times in zip(levels.tolist(), copies.tolist(), strict=True):
            taken, left = _choices(free.shape[1], times)
            chosen = self.values[free[:, taken]].sum(axis=2)
            sums = (sums[:, np.newaxis] + level * chosen).ravel()
            free = free[:, left].reshape(sums.size, -1)
        return sums

    def draw_sums(self, draws: int, rng: np.random.Generator) -> Floats:
        """Sum of dose times value for f8[draws] random dealings."""
        if self.doses.size >= LARGE:
            return self._draw_sums_of_large(draws, rng)
        rows = max(1, CHUNK // self.doses.size)
        parts = []
        for at in range(0, draws, rows):
            hands = np.tile(self.doses, (min(rows, draws - at), 1))
            parts.append(rng.permuted(hands, axis=1, out=hands) @ self.values)
        return np.concatenate(parts)

    def _draw_sums_of_large(self, draws: int, rng: np.random.Generator) -> Floats:
        """The same by drawing only who gets another dose than most, in random order."""
        levels, copies = np.unique(self.doses, return_counts=True)
        usual = levels[copies.argmax()]
        others = self.doses[self.doses != usual] - usual
        sums = np.full(draws, usual * self.values.sum())
        for draw in range(draws):
            sums[draw] += others @ self.values[rng.choice(self.doses.size, others.size, replace=False)]
        return sums


def split_doses(values: Floats, doses: Floats, strata: Ints) -> list[Doses]:
    """The strata with more than one dose, values relative to the mean of their stratum."""
    groups = [(values[members], doses[members]) for members in split_strata(strata)]
    return [Doses(v - v.mean(), d) for v, d in groups if d.min() < d.max()]


@lru_cache(maxsize=256)
def _choices(size: int, times: int) -> tuple[Ints, Ints]:
    """Each way to take some of the places: those taken, [C, times], and those left, [C, size - times]."""
    taken = np.array(list(combinations(range(size), times)), dtype=np.int64)
    kept = np.ones((len(taken), size), dtype=bool)
    np.put_along_axis(kept, taken, values=False, axis=1)
    return taken, np.nonzero(kept)[1].reshape(len(taken), size - times)


def _dealings(doses: Floats) -> int:
    copies = np.unique(doses, return_counts=True)[1].tolist()
    return factorial(doses.size) // prod(factorial(times) for times in copies)


def _log_dealings(doses: Floats) -> float:
    copies = np.unique(doses, return_counts=True)[1]
    return float(gammaln(doses.size + 1) - gammaln(copies + 1).sum())
