"""Strata in which some canaries were inserted and the rest held out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, log

import numpy as np

from memaudit.stats.checks import Bools, Floats, Ints
from memaudit.stats.subset_sums import draw_subset_sums


@dataclass(frozen=True, eq=False)
class Arms:
    """Values f8[n] of the canaries of one stratum, those of the k inserted ones first."""

    values: Floats
    k: int

    @property
    def observed(self) -> float:
        """Sum of the values of the inserted canaries."""
        return float(self.values[: self.k].sum())

    @property
    def scale(self) -> float:
        """Sum of absolute values."""
        return float(np.abs(self.values).sum())

    @property
    def relabellings(self) -> int:
        """In how many ways k of the n canaries can be chosen."""
        return comb(self.values.size, self.k)

    @property
    def log_chance_of_best(self) -> float:
        """Log probability that k random canaries have the largest sum."""
        last = np.sort(self.values)[-self.k]
        tied, above = int((self.values == last).sum()), int((self.values > last).sum())
        return log(comb(tied, self.k - above)) - log(self.relabellings)

    def all_sums(self) -> Floats:
        """Sum of the chosen canaries for each choice, f8[relabellings]."""
        n, k = self.values.size, self.k
        if k > n - k:
            return float(self.values.sum()) - Arms(self.values, n - k).all_sums()
        chosen = np.array(list(combinations(range(n), k)), dtype=np.intp)
        sums: Floats = self.values[chosen].sum(axis=1)
        return sums

    def draw_sums(self, draws: int, rng: np.random.Generator) -> Floats:
        """Sum of k random canaries, f8[draws]."""
        return draw_subset_sums(self.values, self.k, draws, rng)


def split_arms(values: Floats, inserted: Bools, strata: Ints) -> list[Arms]:
    """The strata in which both arms occur; the others look the same under every relabelling.

    Values are taken relative to the mean of their stratum: that moves every sum by one constant, and keeps
    rounding small.
    """
    found = []
    for members in split_strata(strata):
        k = int(inserted[members].sum())
        if 0 < k < members.size:
            ordered = values[members[np.argsort(~inserted[members], kind="stable")]]
            found.append(Arms(ordered - ordered.mean(), k))
    return found


def split_strata(strata: Ints) -> list[Ints]:
    """Places of the canaries of each stratum."""
    order = np.argsort(strata, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(strata[order])) + 1)
