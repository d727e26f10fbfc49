"""Random relabellings within strata: sums of what was inserted, all of them or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import exp
from typing import Protocol

import numpy as np

from memaudit.stats.checks import Floats

# Designs with at most so many relabellings are enumerated.
ENUMERATED = 20_000
# Tables of small strata are joined up to this size, which a processor's first cache holds.
JOINED = 4096


class Relabelled(Protocol):
    """One stratum under the labels that the design could have drawn."""

    @property
    def observed(self) -> float:
        """The sum under the labels that were drawn."""

    @property
    def scale(self) -> float:
        """Size of the numbers that are added up: rounding errors are a small share of it."""

    @property
    def relabellings(self) -> int:
        """How many distinct labellings there are, all equally likely."""

    @property
    def log_chance_of_best(self) -> float:
        """Log probability that a random relabelling has the largest sum; ties raise it."""

    def all_sums(self) -> Floats:
        """The sum under each relabelling, f8[relabellings]; asked for only where they are few."""

    def draw_sums(self, draws: int, rng: np.random.Generator) -> Floats:
        """The sum under f8[draws] independent uniform relabellings."""


def count_relabellings(strata: Sequence[Relabelled]) -> int:
    """How many distinct relabellings the design has."""
    return reduce(lambda total, stratum: total * stratum.relabellings, strata, 1)


def chance_of_best(strata: Sequence[Relabelled]) -> float:
    """Probability that a random relabelling reaches the largest sum: the smallest p-value of these values."""
    return exp(sum(stratum.log_chance_of_best for stratum in strata))


def enumerate_sums(strata: Sequence[Relabelled]) -> Floats:
    """Total over strata under each relabelling of a design that has few."""
    return reduce(_join, (stratum.all_sums() for stratum in strata), np.zeros(1))


def draw_sums(strata: Sequence[Relabelled], relabellings: int, rng: np.random.Generator) -> Floats:
    """Total over strata under f8[relabellings] independent uniform relabellings."""
    sums = np.zeros(relabellings)
    for table in _joined_tables([stratum for stratum in strata if stratum.relabellings <= ENUMERATED]):
        sums += table.take(rng.integers(table.size, size=relabellings, dtype=np.uint16))
    for stratum in strata:
        if stratum.relabellings > ENUMERATED:
            sums += stratum.draw_sums(relabellings, rng)
    return sums


def _joined_tables(strata: Sequence[Relabelled]) -> list[Floats]:
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
