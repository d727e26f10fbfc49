"""Two audits of one kit, cell by cell: what changed from A to B, paired by canary.

The tests exchange A and B on single canaries of both arms. Their null is that the two are alike: that each
canary might as well have got its two scores the other way round, one canary independently of another. Where
that holds they are exact (up to the Monte Carlo draw, which is corrected for). Where B merely reads more or
less of everything, both arms alike, gaps and ranks stay and the exchanged scores spread: the tests are then
conservative. Relabelling the arms instead asks whether the changes have to do with which canaries went in.
The design's coins make that exact, but two models that memorise as much of different canaries break its null
too: it rejects in about a third of such pairs (tests/audit/test_compare_rates.py), so it decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memaudit.audit.cells import RELABELLINGS, estimate
from memaudit.audit.comparison import (
    ComparedCell,
    Difference,
    Figure,
    Members,
    ScoreDifference,
    TestedDifference,
)
from memaudit.audit.sheet import Flags, Floats, Sheet, tie_key
from memaudit.stats.bounded_mean import mean_interval
from memaudit.stats.exposure import exposure_ceiling
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.multiplicity import serial_gatekeeping
from memaudit.stats.paired import gap_change, sign_flip_test
from memaudit.stats.paired_exposure import exposure_change

EXCHANGES = 1_999
"""For ranks, which must be computed anew at each exchange."""

BOTH_WAYS = (-1.0, 1.0)
"""Range of the change of a figure between 0 and 1."""


@dataclass(frozen=True)
class Both:
    """One speed under A and under B: the same canaries in the same rows, membership on one scale."""

    a: Sheet
    b: Sheet

    @property
    def inserted(self) -> Flags:
        """Which canaries went into the training set."""
        return self.a.inserted


def compared_cell(both: Both, inserted: Flags, repetitions: int | None, confidence: float) -> ComparedCell:
    """Every figure of one cell or of a whole speed, with p-values not yet adjusted.

    Args:
        both: the speed.
        inserted: which inserted canaries; the others of the speed take no part.
        repetitions: their level, or None for all.
        confidence: of each interval.
    """
    rows = inserted | ~both.inserted
    arm, seed = inserted[rows], tie_key(both.a.commitment, "compare")
    gap = gap_change(
        both.a.accuracy[rows],
        both.b.accuracy[rows],
        arm,
        both.a.stratum[rows],
        seed=seed,
        confidence=confidence,
        relabellings=RELABELLINGS,
    )
    a, b = both.a.membership[rows], both.b.membership[rows]
    ranks = exposure_change(
        a[arm], a[~arm], b[arm], b[~arm], seed=seed, confidence=confidence, flips=EXCHANGES
    )
    return ComparedCell(
        speed=both.a.rows[0].speed,
        repetitions=repetitions,
        inserted=int(arm.sum()),
        held_out=int((~arm).sum()),
        held_out_accuracy=_held_out(both, confidence),
        accuracy_gap_a=estimate(mean_gap(*_arms(both.a.accuracy[rows], arm), confidence)),
        accuracy_gap_b=estimate(mean_gap(*_arms(both.b.accuracy[rows], arm), confidence)),
        accuracy_gap=_tested(gap.before, gap.after, gap.interval, gap.flips.p_value, gap.flips.p_smallest),
        exact_gap=difference(both, inserted, "exact_gap", confidence),
        exposure=_tested(ranks.before, ranks.after, ranks.interval, ranks.p_value, None),
        exposure_ceiling=exposure_ceiling(int((~arm).sum())),
        score=_score(a, b, arm, seed),
        members=Members(
            gained=ranks.gained,
            lost=ranks.lost,
            kept=ranks.kept,
            p_value=ranks.membership_p_value,
            p_adjusted=None,
        ),
        arms_p_value=gap.arms_p_value,
    )


def difference(both: Both, inserted: Flags, figure: Figure, confidence: float) -> Difference:
    """One figure by A, by B, and the change with an interval of the wanted confidence."""
    held_out = ~both.inserted
    if figure == "exposure":
        a, b = both.a.membership, both.b.membership
        seed = tie_key(both.a.commitment, "compare")
        ranks = exposure_change(
            a[inserted], a[held_out], b[inserted], b[held_out], seed=seed, confidence=confidence, flips=1
        )
        return _difference(ranks.before, ranks.after, ranks.interval)
    if figure == "exact_gap":
        a, b = both.a.exact.astype(np.float64), both.b.exact.astype(np.float64)
    else:
        a, b = both.a.accuracy, both.b.accuracy
    before, after = (float(values[inserted].mean() - values[held_out].mean()) for values in (a, b))
    change = b - a
    return _difference(before, after, mean_gap(change[inserted], change[held_out], confidence, BOTH_WAYS))


def adjusted(cells: Sequence[ComparedCell], primary: int) -> list[ComparedCell]:
    """The same cells with p-values adjusted over them, each figure for itself.

    Args:
        cells: the primary sequence first (fastest speed, from the most repetitions down), then the rest.
        primary: length of that sequence.
    """
    adjustments = {name: _adjust([getattr(cell, name).p_value for cell in cells], primary) for name in TESTED}
    return [
        cell.model_copy(
            update={
                name: getattr(cell, name).model_copy(update={"p_adjusted": values[row]})
                for name, values in adjustments.items()
            }
        )
        for row, cell in enumerate(cells)
    ]


TESTED = ("accuracy_gap", "exposure", "score", "members")
"""The figures of a cell that have a p-value."""


def _adjust(p_values: Sequence[float], primary: int) -> list[float]:
    family = serial_gatekeeping(p_values[:primary], p_values[primary:])
    return [*family.sequence.tolist(), *family.rest.tolist()]


def _arms(values: Floats, arm: Flags) -> tuple[Floats, Floats]:
    return values[arm], values[~arm]


def _held_out(both: Both, confidence: float) -> Difference:
    a, b = both.a.accuracy[~both.inserted], both.b.accuracy[~both.inserted]
    return _difference(float(a.mean()), float(b.mean()), mean_interval(b - a, confidence, BOTH_WAYS))


def _score(a: Floats, b: Floats, arm: Flags, seed: int) -> ScoreDifference:
    weights = np.where(arm, 1.0 / arm.sum(), -1.0 / (~arm).sum())
    flips = sign_flip_test(weights * (b - a), seed=seed, relabellings=RELABELLINGS)
    return ScoreDifference(
        a=float(weights @ a),
        b=float(weights @ b),
        change=flips.statistic,
        p_value=flips.p_value,
        p_adjusted=None,
    )


def _difference(a: float, b: float, interval: Interval) -> Difference:
    return Difference(
        a=a,
        b=b,
        change=interval.estimate,
        low=interval.low,
        high=interval.high,
        confidence=interval.confidence,
    )


def _tested(
    a: float, b: float, interval: Interval, p_value: float, p_smallest: float | None
) -> TestedDifference:
    plain = _difference(a, b, interval).model_dump()
    return TestedDifference(**plain, p_value=p_value, p_adjusted=None, p_smallest=p_smallest)
