"""Randomisation tests: the labels that the design could have drawn as well, and no other assumption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats import relabelling
from memaudit.stats.arms import Arms, split_arms
from memaudit.stats.checks import StatisticError, average, count, flags, labels, same_length, vector
from memaudit.stats.relabelling import ENUMERATED, Relabelled

# Sums that differ by less than this share of what is summed are the same sum in another order.
ROUNDING = 1e-11


@dataclass(frozen=True, slots=True)
class RandomisationTest:
    """Result of a one-sided randomisation test.

    Args:
        statistic: what was observed, in the unit of the values.
        p_value: share of relabellings that reach it; never 0.
        p_smallest: the smallest p-value that these values could have given under any labelling.
        exact: whether all relabellings were enumerated; else p = (b + 1) / (B + 1).
        relabellings: how many were looked at, without the observed one where not exact.
    """

    statistic: float
    p_value: float
    p_smallest: float
    exact: bool
    relabellings: int

    def __post_init__(self) -> None:
        if not 0.0 < self.p_smallest <= self.p_value <= 1.0:
            raise StatisticError(
                f"p-value {self.p_value} and smallest p-value {self.p_smallest}", where="randomisation test"
            )


def randomisation_test(
    values: ArrayLike, inserted: ArrayLike, strata: ArrayLike, *, seed: int, relabellings: int = 9999
) -> RandomisationTest:
    """Are the values of inserted canaries larger? Relabels within strata, as many inserted in each as there
    were.

    The statistic is the mean of the inserted values minus the mean of the rest. Under the null (the values do
    not depend on which canaries went in) every relabelling is equally likely, so that P[p <= a] <= a for
    every a. Exact where the design has at most 20,000 relabellings, else Monte Carlo with p = (b + 1) / (B +
    1) (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010, article 39). Ties count against the claim.

    Args:
        values: f8[n], higher for members: accuracies, membership scores.
        inserted: bool[n].
        strata: labels [n], whole numbers or strings; canaries of one stratum were exchangeable when arms were
            drawn.
        seed: of the Monte Carlo relabellings.
        relabellings: B, how many are drawn where they cannot be enumerated.

    Raises:
        StatisticError: for a value that is not finite, vectors of different length, or an arm without
            canaries.
    """
    numbers = vector(values, "values", least=2)
    arm = flags(inserted, "inserted")
    groups = labels(strata, "strata")
    same_length(numbers, arm, "values and inserted")
    same_length(numbers, groups, "values and strata")
    if arm.all() or not arm.any():
        raise StatisticError("holds one arm only", where="inserted", how="give canaries of both arms")
    found = split_arms(numbers, arm, groups)
    statistic = average(numbers[arm]) - average(numbers[~arm])
    return relabelling_test(statistic, found, seed, relabellings)


def pair_flip_test(difference: ArrayLike, *, seed: int, relabellings: int = 9999) -> RandomisationTest:
    """Are the differences, inserted minus held-out twin, above zero? Flips the coin of each pair.

    The statistic is the mean difference. Exact up to 14 pairs, else Monte Carlo; see `randomisation_test`.

    Args:
        difference: f8[m], one for each pair.
        seed: of the Monte Carlo flips.
        relabellings: how many are drawn where they cannot be enumerated.

    Raises:
        StatisticError: for no pair or a value that is not finite.
    """
    gaps = vector(difference, "difference")
    pairs = [Arms(np.array([gap, -gap]) / 2.0, 1) for gap in gaps.tolist()]
    return relabelling_test(average(gaps), pairs, seed, relabellings)


def relabelling_test(
    statistic: float, strata: Sequence[Relabelled], seed: int, relabellings: int
) -> RandomisationTest:
    """One-sided test of the sum over strata against its law under all relabellings.

    `statistic` is what is reported; it must grow with that sum.
    """
    drawn = count(relabellings, "relabellings", least=1)
    possible = relabelling.count_relabellings(strata)
    exact = possible <= ENUMERATED
    if exact:
        sums = relabelling.enumerate_sums(strata)
    else:
        sums = relabelling.draw_sums(strata, drawn, np.random.default_rng(count(seed, "seed")))
    observed = math.fsum(stratum.observed for stratum in strata)
    scale = sum(stratum.scale for stratum in strata)
    reached = int((sums >= observed - ROUNDING * scale).sum())
    best = relabelling.chance_of_best(strata)
    if exact:
        return RandomisationTest(statistic, reached / possible, min(best, reached / possible), True, possible)
    p_value = (reached + 1) / (drawn + 1)
    smallest = min(max(best, 1.0 / (drawn + 1)), p_value)
    return RandomisationTest(statistic, p_value, smallest, False, drawn)
