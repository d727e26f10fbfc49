"""Random relabellings within strata: sums of the inserted arm, all of them or a sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import comb, exp, log

import numpy as np

from memaudit.stats.checks import Bools, Floats, Ints
from memaudit.stats.subset_sums import draw_subset_sums

# Designs with at most so many relabellings are enumerated.
ENUMERATED = 20_000
# Tables of small strata are joined up to this size, which a processor's first cache holds.
JOINED = 4096


@dataclass(frozen=True, eq=False)
class Stratum:
    """Values f8[n] of the canaries of one stratum, those of the k inserted ones first."""

    values: Floats
    k: int

    @property
    def observed(self) -> float:
        """Sum of the values of the inserted canaries."""
        return float(self.values[: self.k].sum())

    @property
    def relabellings(self) -> int:
        """In how many ways k of the n canaries can be chosen."""
        return comb(self.values.size, self.k)

    @property
    def log_chance_of_best(self) -> float:
        """Log probability that a random relabelling has the largest sum; ties make that more than one of
        all."""
        ordered = np.sort(self.values)[::-1]
        last = ordered[self.k - 1]
        tied, above = int((ordered == last).sum()), int((ordered > last).sum())
        return log(comb(tied, self.k - above)) - log(self.relabellings)

    def all_sums(self) -> Floats:
        """Sum of the chosen canaries for each relabelling, f8[relabellings]."""
        n, k = self.values.size, self.k
        if k > n - k:
            return float(self.values.sum()) - Stratum(self.values, n - k).all_sums()
        chosen = np.array(list(combinations(range(n), k)), dtype=np.intp)
        sums: Floats = self.values[chosen].sum(axis=1)
        return sums


def split(values: Floats, inserted: Bools, strata: Ints) -> list[Stratum]:
    """The strata in which both arms occur; the others look the same under every relabelling.

    Values are taken relative to the mean of their stratum: that moves every sum by one constant, and keeps
    rounding small.
    """
    order = np.argsort(strata, kind="stable")
    ends = np.flatnonzero(np.diff(strata[order])) + 1
    found = []
    for members in np.split(order, ends):
        k = int(inserted[members].sum())
        if 0 < k < members.size:
            ordered = values[members[np.argsort(~inserted[members], kind="stable")]]
            found.append(Stratum(ordered - ordered.mean(), k))
    return found


def count_relabellings(strata: list[Stratum]) -> int:
    """How many distinct relabellings the design has."""
    return reduce(lambda total, stratum: total * stratum.relabellings, strata, 1)


def chance_of_best(strata: list[Stratum]) -> float:
    """Probability that a random relabelling reaches the largest sum: the smallest p-value of these values."""
    return exp(sum(stratum.log_chance_of_best for stratum in strata))


def enumerate_sums(strata: list[Stratum]) -> Floats:
    """Sum of the inserted arm under each relabelling of a design that has few."""
    return reduce(_join, (stratum.all_sums() for stratum in strata), np.zeros(1))


def draw_sums(strata: list[Stratum], relabellings: int, rng: np.random.Generator) -> Floats:
    """Sum of the inserted arm under f8[relabellings] independent uniform relabellings."""
    sums = np.zeros(relabellings)
    small = [stratum for stratum in strata if stratum.relabellings <= ENUMERATED]
    for table in _joined_tables(small):
        sums += table.take(rng.integers(table.size, size=relabellings, dtype=np.uint16))
    for stratum in strata:
        if stratum.relabellings > ENUMERATED:
            sums += draw_subset_sums(stratum.values, stratum.k, relabellings, rng)
    return sums


def _joined_tables(strata: list[Stratum]) -> list[Floats]:
    """Tables of equally likely sums, one or more strata each; a sum of one entry of each is a relabelling."""
    tables: list[Floats] = []
    for stratum in sorted(strata, key=lambda s: s.relabellings):
        sums = stratum.all_sums()
        if tables and tables[-1].size * sums.size <= JOINED:
            tables[-1] = _join(tables[-1], sums)
        else:
            tables.append(sums)
    return tables


def _join(first: Floats, second: Floats) -> Floats:
    sums: Floats = np.add.outer(first, second).ravel()
    return sums
