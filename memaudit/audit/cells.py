"""The figures of one cell and of one speed, from a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memaudit.audit.guesses import one_run_bound
from memaudit.audit.results import (
    ArmScores,
    Cell,
    EpsilonSummary,
    Estimate,
    ExposureSummary,
    FdpEstimate,
    TprSummary,
)
from memaudit.audit.sheet import Flags, Sheet, tie_key
from memaudit.stats.auc import auc
from memaudit.stats.binomial import binomial_interval
from memaudit.stats.bounded_mean import mean_interval
from memaudit.stats.epsilon_bound import EpsilonBound
from memaudit.stats.epsilon_fdp import fdp_estimate
from memaudit.stats.error_gap import error_gap
from memaudit.stats.exposure import exposure
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.multiplicity import serial_gatekeeping
from memaudit.stats.power import smallest_detectable_gap
from memaudit.stats.randomisation import RandomisationTest, randomisation_test
from memaudit.stats.rate_gap import rate_gap
from memaudit.stats.tpr import tpr_at_fpr

RELABELLINGS = 9_999
FDP_DELTA = 1e-5
POWER = 0.8
"""At which chance `smallest_detectable_gap` would be shown."""

FPRS = (0.1, 0.01, 0.001)


def estimate(interval: Interval) -> Estimate:
    """An interval as results.json writes it."""
    return Estimate(
        estimate=interval.estimate, low=interval.low, high=interval.high, confidence=interval.confidence
    )


def arm_scores(sheet: Sheet, rows: Flags, confidence: float) -> ArmScores:
    """Means over the chosen canaries of a sheet."""
    chosen = [row for row, wanted in zip(sheet.rows, rows, strict=True) if wanted]
    exact = binomial_interval(int(sheet.exact[rows].sum()), len(chosen), confidence)
    accuracy = mean_interval(sheet.accuracy[rows], confidence)
    losses = [row.loss for row in chosen]
    chance = float(sheet.chance[rows].mean())
    return ArmScores(
        n=len(chosen),
        accuracy=accuracy.estimate,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        chance=chance if np.isfinite(chance) else None,
        exact=exact.estimate,
        exact_low=exact.low,
        exact_high=exact.high,
        cer=float(np.mean([row.cer for row in chosen])),
        wer=float(np.mean([row.wer for row in chosen])),
        loss=None if None in losses else float(np.mean([loss for loss in losses if loss is not None])),
    )


def relabelling_test(sheet: Sheet, inserted: Flags) -> RandomisationTest:
    """Do these inserted canaries have a higher membership than the held-out ones of their speed?

    Relabels inserted and held-out canaries inside each stratum; canaries of other repetition levels take
    no part, so that their memorisation cannot hide or fake this level's.
    """
    rows = inserted | ~sheet.inserted
    return randomisation_test(
        sheet.membership[rows],
        inserted[rows],
        sheet.stratum[rows],
        seed=tie_key(sheet.commitment, "relabelling"),
        relabellings=RELABELLINGS,
    )


def gaps(sheet: Sheet, inserted: Flags, confidence: float) -> tuple[Interval, Interval]:
    """Accuracy gap and exact-match gap against the held-out canaries of the speed."""
    held_out = ~sheet.inserted
    accuracy = mean_gap(sheet.accuracy[inserted], sheet.accuracy[held_out], confidence)
    exact = rate_gap(
        int(sheet.exact[inserted].sum()),
        int(inserted.sum()),
        int(sheet.exact[held_out].sum()),
        int(held_out.sum()),
        confidence,
    )
    return accuracy, exact


def cell(tested: CellTest, confidence: float) -> Cell:
    """Everything that is told of one (speed, repetitions)."""
    sheet, repetitions, test = tested.sheet, tested.repetitions, tested.test
    inserted, held_out = sheet.cell(repetitions), ~sheet.inserted
    accuracy_gap, exact_gap = gaps(sheet, inserted, confidence)
    rank = exposure(sheet.membership[inserted], sheet.membership[held_out], confidence)
    bound = one_run_bound(sheet, repetitions, confidence)
    epsilon = bound and EpsilonSummary(
        group=bound.epsilon,
        single=bound.epsilon / repetitions,
        delta=0.0,
        confidence=confidence,
        adjacency=bound.adjacency,
        guesses=bound.guesses,
        correct=bound.correct,
        ceiling=bound.ceiling,
        used=bound.used,
        fdp_estimate=_fdp(bound, confidence),
    )
    return Cell(
        speed=sheet.rows[0].speed,
        repetitions=repetitions,
        inserted=arm_scores(sheet, inserted, confidence),
        held_out=arm_scores(sheet, held_out, confidence),
        accuracy_gap=estimate(accuracy_gap),
        exact_gap=estimate(exact_gap),
        cer_gap=_error_gap(sheet, [row.cer for row in sheet.rows], inserted, confidence),
        wer_gap=_error_gap(sheet, [row.wer for row in sheet.rows], inserted, confidence),
        p_value=test.p_value,
        p_adjusted=tested.p_adjusted,
        p_smallest=test.p_smallest,
        p_exact=test.exact,
        exposure=ExposureSummary(
            mean=rank.mean,
            median=rank.median,
            low=rank.low,
            high=rank.high,
            confidence=confidence,
            ceiling=rank.ceiling,
            null_mean=rank.null_mean,
        ),
        auc=estimate(auc(sheet.membership[inserted], sheet.membership[held_out], confidence)),
        tpr_at_fpr=_tprs(sheet, inserted, confidence),
        epsilon=epsilon,
        smallest_detectable_gap=smallest_detectable_gap(
            int(inserted.sum()), sheet.accuracy[held_out], power=POWER, level=(1.0 + confidence) / 2.0
        ),
    )


def _error_gap(sheet: Sheet, rates: Sequence[float], inserted: Flags, confidence: float) -> Estimate:
    """Inserted minus held out, as for accuracy: below 0 where the inserted ones are read better."""
    values = np.array(rates)
    return estimate(error_gap(values[inserted], values[~sheet.inserted], confidence).interval)


def _fdp(bound: EpsilonBound, confidence: float) -> FdpEstimate | None:
    if bound.guesses == 0:
        return None
    found = fdp_estimate(bound.guesses, bound.correct, FDP_DELTA, bound.adjacency, confidence)
    return FdpEstimate(epsilon=found.epsilon, delta=found.delta, assumption=found.assumption)


def _tprs(sheet: Sheet, inserted: Flags, confidence: float) -> tuple[TprSummary, ...]:
    """TPR at each false positive rate that this many held-out canaries can show."""
    scores, others = sheet.membership[inserted], sheet.membership[~sheet.inserted]
    shown = (tpr_at_fpr(scores, others, rate, confidence) for rate in FPRS)
    return tuple(
        TprSummary(fpr=item.fpr, tpr=item.tpr, low=item.low, high=item.high, confidence=confidence)
        for item in shown
        if item is not None
    )


@dataclass(frozen=True)
class CellTest:
    """One (speed, repetitions) with its randomisation test and its adjusted p-value."""

    sheet: Sheet
    repetitions: int
    test: RandomisationTest
    p_adjusted: float


def cell_tests(sheets: dict[float, Sheet]) -> list[CellTest]:
    """Every cell, fastest speed first and most repetitions first, with adjusted p-values.

    The fastest speed's levels are the primary sequence, from the most repetitions down; the other speeds'
    cells come after it.

    Args:
        sheets: one a speed, fastest first.
    """
    places = [(sheet, level) for sheet in sheets.values() for level in reversed(sheet.levels())]
    tests = [relabelling_test(sheet, sheet.cell(level)) for sheet, level in places]
    primary = len(places[0][0].levels())
    p_values = [test.p_value for test in tests]
    family = serial_gatekeeping(p_values[:primary], p_values[primary:])
    adjusted = [*family.sequence.tolist(), *family.rest.tolist()]
    return [
        CellTest(sheet, level, test, value)
        for (sheet, level), test, value in zip(places, tests, adjusted, strict=True)
    ]
