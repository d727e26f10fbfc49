from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from memaudit.errors import MemauditError
from memaudit.stats.checks import StatisticError, bounded, count, flags, labels, share, vector
from memaudit.stats.interval import Interval


def test_interval_holds_its_estimate() -> None:
    interval = Interval(0.25, 0.125, 0.5, 0.95)
    assert interval.width == 0.375
    with pytest.raises(FrozenInstanceError):
        interval.low = 0.0  # type: ignore[misc]
    assert Interval(1.0, 1.0, math.inf, 0.9).high == math.inf


@pytest.mark.parametrize(
    ("estimate", "low", "high", "confidence"),
    [
        (0.5, 0.6, 0.7, 0.95),
        (0.5, 0.1, 0.4, 0.95),
        (math.nan, 0.0, 1.0, 0.95),
        (math.inf, 0.0, math.inf, 0.95),
        (0.5, math.nan, 1.0, 0.95),
        (0.5, 0.0, math.nan, 0.95),
        (0.5, 0.0, 1.0, 1.0),
        (0.5, 0.0, 1.0, 0.0),
        (0.5, 0.0, 1.0, math.nan),
    ],
)
def test_interval_refuses_nonsense(estimate: float, low: float, high: float, confidence: float) -> None:
    with pytest.raises(StatisticError):
        Interval(estimate, low, high, confidence)


def test_refusals_are_one_line_for_the_user() -> None:
    with pytest.raises(MemauditError, match="accuracies: value 1 is nan; leave out or mend that canary"):
        vector([0.0, math.nan], "accuracies")
    with pytest.raises(StatisticError, match="dimensions"):
        vector([[0.0]], "accuracies")
    with pytest.raises(StatisticError, match="has 0 values; give at least 1"):
        vector([], "accuracies")
    with pytest.raises(StatisticError, match="value 0 is inf"):
        vector([math.inf], "losses")
    assert vector([math.inf], "scores", finite=False).tolist() == [math.inf]
    with pytest.raises(StatisticError, match=r"value 1 is 1.5, outside 0.0 to 1.0"):
        bounded([0.5, 1.5], "accuracies", (0.0, 1.0))
    with pytest.raises(StatisticError, match="no interval"):
        bounded([0.5], "accuracies", (1.0, 0.0))
    with pytest.raises(StatisticError, match="no whole number"):
        count(0.5, "n")  # type: ignore[arg-type]
    with pytest.raises(StatisticError, match="is 7; give 0 to 6"):
        count(7, "n", most=6)
    with pytest.raises(StatisticError, match="is -1; give at least 0"):
        count(-1, "n")
    with pytest.raises(StatisticError, match="confidence: is 1"):
        share(1.0, "confidence")
    with pytest.raises(StatisticError, match="booleans"):
        flags([0, 1], "inserted")
    with pytest.raises(StatisticError, match="labels are float64"):
        labels([0.5], "strata")
    with pytest.raises(StatisticError, match="one label a canary"):
        labels([["a"]], "strata")
    assert labels(["b", "a", "b"], "strata").tolist() == [1, 0, 1]
