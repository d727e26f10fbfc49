"""Two checkpoints on one kit: has the gap between the arms changed?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats import relabelling
from memaudit.stats.arms import Arms
from memaudit.stats.checks import StatisticError, bounded, count, flags, labels, same_length, vector
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.randomisation import ROUNDING, randomisation_test
from memaudit.stats.relabelling import ENUMERATED


@dataclass(frozen=True, slots=True)
class SignFlipTest:
    """Result of a two-sided sign-flip test.

    Args:
        statistic: sum of the differences.
        p_value: share of sign flips whose sum is as far from 0; never 0.
        p_smallest: the smallest p-value that differences of these sizes could have given.
        exact: whether all flips were enumerated; else p = (b + 1) / (B + 1).
        flips: how many were looked at, without the observed one where not exact.
    """

    statistic: float
    p_value: float
    p_smallest: float
    exact: bool
    flips: int

    def __post_init__(self) -> None:
        if not 0.0 < self.p_smallest <= self.p_value <= 1.0:
            raise StatisticError(
                f"p-value {self.p_value} and smallest p-value {self.p_smallest}", where="sign-flip test"
            )


@dataclass(frozen=True, slots=True)
class GapChange:
    """Gap of the second checkpoint minus gap of the first, on one kit.

    Args:
        interval: of the change of the gap.
        before, after: both gaps.
        flips: sign-flip test: could the two checkpoints be exchanged, canary by canary?
        arms_p_value: two-sided randomisation test: does the change depend on which canaries went in?
    """

    interval: Interval
    before: float
    after: float
    flips: SignFlipTest
    arms_p_value: float


def sign_flip_test(differences: ArrayLike, *, seed: int, relabellings: int = 9999) -> SignFlipTest:
    """Is the sum of paired differences further from 0 than chance? Flips the sign of each.

    Under the null both members of a pair could be exchanged, independently of the other pairs, so that all
    2^k signs of the k differences that are not 0 are equally likely (Fisher, The Design of Experiments, 1935,
    section 21). Exact up to 14 such differences, else Monte Carlo with p = (b + 1) / (B + 1) (Phipson and
    Smyth 2010).

    Args:
        differences: f8[n], one a pair, in any unit; weights are part of them.
        seed: of the Monte Carlo flips.
        relabellings: B, how many are drawn where they cannot be enumerated.

    Raises:
        StatisticError: for no difference or one that is not finite.
    """
    values = vector(differences, "differences")
    drawn = count(relabellings, "relabellings", least=1)
    moved = values[values != 0.0]
    statistic = math.fsum(values.tolist())
    pairs = [Arms(np.array([value, -value]), 1) for value in moved.tolist()]
    exact = relabelling.count_relabellings(pairs) <= ENUMERATED
    if exact:
        sums = relabelling.enumerate_sums(pairs)
    else:
        sums = relabelling.draw_sums(pairs, drawn, np.random.default_rng(count(seed, "seed")))
    least = abs(statistic) - ROUNDING * float(np.abs(moved).sum())
    reached = int((np.abs(sums) >= least).sum())
    best = 2.0 ** (1 - moved.size) if moved.size else 1.0
    if exact:
        p_value = reached / sums.size
        return SignFlipTest(statistic, p_value, min(best, p_value), True, sums.size)
    p_value = (reached + 1) / (drawn + 1)
    return SignFlipTest(statistic, p_value, min(max(best, 1.0 / (drawn + 1)), p_value), False, drawn)


def gap_change(
    before: ArrayLike,
    after: ArrayLike,
    inserted: ArrayLike,
    strata: ArrayLike,
    *,
    seed: int,
    confidence: float = 0.95,
    relabellings: int = 9999,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> GapChange:
    """Change of the gap between inserted and held-out canaries from one checkpoint to another.

    Every canary is scored by both, so it is the change of each canary that is compared: its spread is smaller
    than that of the scores. The interval is that of `mean_gap` for the changes, whose range is twice that of
    the scores. Two tests ask two questions. The sign flips exchange the checkpoints on single canaries; a
    second checkpoint that is merely better at everything makes them conservative. The relabelling of arms
    within strata asks whether the change depends on what went in, which the design's coins make exact
    (`randomisation_test`, both sides, the smaller p-value doubled).

    Args:
        before, after: f8[n] scores of the two checkpoints, in `bounds`, canaries in one order.
        inserted: bool[n].
        strata: labels [n]; canaries of one stratum were exchangeable when arms were drawn.
        seed: of both tests.
        confidence: two-sided, of the interval.
        relabellings: how many are drawn where they cannot be enumerated.
        bounds: range of the scores, known beforehand.

    Raises:
        StatisticError: for scores outside `bounds`, vectors of different length, or an arm without canaries.
    """
    first, second = bounded(before, "before", bounds), bounded(after, "after", bounds)
    arm, groups = flags(inserted, "inserted"), labels(strata, "strata")
    same_length(first, second, "before and after")
    same_length(first, arm, "before and inserted")
    if arm.all() or not arm.any():
        raise StatisticError("holds one arm only", where="inserted", how="give canaries of both arms")
    change = second - first
    reach = bounds[1] - bounds[0]
    weights = np.where(arm, 1.0 / arm.sum(), -1.0 / (~arm).sum())
    sides = [
        randomisation_test(side * change, arm, groups, seed=seed, relabellings=relabellings).p_value
        for side in (1.0, -1.0)
    ]
    return GapChange(
        interval=mean_gap(change[arm], change[~arm], confidence, (-reach, reach)),
        before=float(first @ weights),
        after=float(second @ weights),
        flips=sign_flip_test(weights * change, seed=seed, relabellings=relabellings),
        arms_p_value=min(1.0, 2.0 * min(sides)),
    )
