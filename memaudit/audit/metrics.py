"""The figures that a gate may bound: one entry each, from a sheet to an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from memaudit.audit.guesses import one_run_bound
from memaudit.audit.sheet import Flags, Sheet
from memaudit.stats.auc import auc
from memaudit.stats.exposure import exposure
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap

Measure = Callable[[Sheet, Flags, Flags, float], Interval | None]
"""(sheet, inserted rows, held-out rows, confidence) -> two-sided interval; None where it can't be had."""


@dataclass(frozen=True)
class Metric:
    """A figure for gates.

    ``lower_only``: the figure is a lower bound by nature, so a gate on it can fail and never pass.
    """

    name: str
    measure: Measure
    lower_only: bool = False


def _accuracy_gap(sheet: Sheet, inserted: Flags, held_out: Flags, confidence: float) -> Interval:
    return mean_gap(sheet.accuracy[inserted], sheet.accuracy[held_out], confidence)


def _exact_gap(sheet: Sheet, inserted: Flags, held_out: Flags, confidence: float) -> Interval:
    # The hybrid score interval that the reports show covers on average over rates; a gate needs limits that
    # hold at every rate, and these do.
    exact = sheet.exact.astype(np.float64)
    return mean_gap(exact[inserted], exact[held_out], confidence)


def _exposure(sheet: Sheet, inserted: Flags, held_out: Flags, confidence: float) -> Interval:
    found = exposure(sheet.membership[inserted], sheet.membership[held_out], confidence)
    return Interval(found.mean, found.low, found.high, confidence)


def _auc(sheet: Sheet, inserted: Flags, held_out: Flags, confidence: float) -> Interval:
    return auc(sheet.membership[inserted], sheet.membership[held_out], confidence)


def _epsilon(sheet: Sheet, inserted: Flags, held_out: Flags, confidence: float) -> Interval | None:  # noqa: ARG001
    # For one copy: the bound for a canary's copies together, divided by their number (group privacy).
    # A two-sided interval spends half of its error on the lower limit, the only one there is here.
    repetitions = int(sheet.repetitions[inserted].max())
    bound = one_run_bound(sheet, repetitions, 1.0 - (1.0 - confidence) / 2.0)
    if bound is None:
        return None
    single = bound.epsilon / repetitions
    return Interval(single, single, np.inf, confidence)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy_gap", _accuracy_gap),
        Metric("exact_gap", _exact_gap),
        Metric("exposure", _exposure),
        Metric("auc", _auc),
        Metric("epsilon", _epsilon, lower_only=True),
    )
}
