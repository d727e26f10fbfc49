from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.mean_gap import mean_gap_limit
from memaudit.stats.power import GateChances, gap_gate_chances, gap_power, smallest_detectable_gap

POOL = stats.beta.ppf((np.arange(2000) + 0.5) / 2000, 1.76, 10)


def held_out(n: int) -> np.ndarray:
    return np.quantile(POOL, (np.arange(n) + 0.5) / n)


@pytest.mark.parametrize("bound", [0.0, 0.1])
def test_naive_power_where_held_out_canaries_are_never_read(bound: float) -> None:
    """All zero: the number memorised decides, so every possible outcome can be asked and weighed."""
    n1, zeros, gap = 12, np.zeros(30), 0.5
    naive = sum(
        stats.binom.pmf(k, n1, gap)
        for k in range(n1 + 1)
        if mean_gap_limit(np.repeat([1.0, 0.0], [k, n1 - k]), zeros, 0.975, "lower") > bound
    )
    assert gap_power(n1, zeros, gap, bound=bound) == pytest.approx(naive)


@pytest.mark.slow
@pytest.mark.parametrize(("n1", "n0"), [(10, 20), (20, 120), (60, 200)])
@pytest.mark.parametrize("bound", [0.0, 0.1])
def test_the_smallest_detectable_gap_is_detected_as_often_as_promised(n1: int, n0: int, bound: float) -> None:
    gap = smallest_detectable_gap(n1, held_out(n0), bound=bound)
    assert gap is not None
    share = gap / (1 - held_out(n0).mean())
    chances = gap_gate_chances(n1, n0, POOL, memorised=share, bound=bound, audits=250, seed=2)
    # The model leaves out the spread of what is not memorised, which moves power by some points.
    assert chances.failed == pytest.approx(0.8, abs=0.07 + 3 * 0.4 / np.sqrt(250))


def test_power_and_smallest_gap_are_inverse() -> None:
    values = held_out(120)
    for power in (0.5, 0.8, 0.95):
        gap = smallest_detectable_gap(20, values, power=power)
        assert gap is not None
        assert gap_power(20, values, gap) == pytest.approx(power)


def test_monotone() -> None:
    values = held_out(60)
    powers = [gap_power(20, values, gap) for gap in np.linspace(0, 0.8, 9)]
    assert powers == sorted(powers)
    assert powers[0] <= 0.025
    gaps = [smallest_detectable_gap(n, values) for n in (5, 10, 20, 60, 120)]
    assert gaps == sorted(gaps, reverse=True)  # type: ignore[type-var]
    assert smallest_detectable_gap(20, values, bound=0.2) > smallest_detectable_gap(20, values)  # type: ignore[operator]


def test_where_nothing_can_be_shown() -> None:
    assert smallest_detectable_gap(1, [0.0]) is None
    assert gap_power(1, [0.0], 1.0) == 0.0
    assert smallest_detectable_gap(20, np.ones(20)) is None
    assert gap_power(20, np.ones(20), 0.0) == 0.0
    assert smallest_detectable_gap(20, np.zeros(20), bound=-1.0) == 0.0
    assert gap_power(20, np.zeros(20), 0.1, bound=-1.0) == 1.0


def test_chances_of_a_gate() -> None:
    clean = gap_gate_chances(60, 120, np.zeros(1), memorised=0.0, bound=0.1, audits=5)
    assert (clean.failed, clean.passed, clean.inconclusive) == (0.0, 1.0, 0.0)
    # The upper limit of 0 in 20 is 0.168: so few canaries can never pass a bound of 0.1.
    small = gap_gate_chances(20, 120, np.zeros(1), memorised=0.0, bound=0.1, audits=5)
    assert (small.failed, small.passed, small.inconclusive) == (0.0, 0.0, 1.0)
    leak = gap_gate_chances(20, 120, POOL, memorised=1.0, bound=0.1, audits=5)
    assert (leak.failed, leak.passed) == (1.0, 0.0)
    assert gap_gate_chances(20, 60, POOL, memorised=0.3, bound=0.1, audits=20, seed=3) == gap_gate_chances(
        20, 60, POOL, memorised=0.3, bound=0.1, audits=20, seed=3
    )


@pytest.mark.slow
def test_a_gap_at_the_bound_fails_in_no_more_audits_than_promised() -> None:
    share = 0.1 / (1 - POOL.mean())
    chances = gap_gate_chances(
        20, 60, POOL, memorised=share, bound=0.1, fail_level=0.95, pass_level=0.95, seed=1
    )
    margin = 3 * np.sqrt(0.05 * 0.95 / chances.audits)
    assert chances.failed <= 0.05 + margin
    assert chances.passed <= 0.05 + margin


def test_refusals() -> None:
    with pytest.raises(StatisticError, match=r"gap: is 0.9; give 0 to 0.5"):
        gap_power(20, [0.5], 0.9)
    with pytest.raises(StatisticError, match="memorised"):
        gap_gate_chances(20, 20, [0.5], memorised=1.5, bound=0.1)
    with pytest.raises(StatisticError):
        smallest_detectable_gap(0, [0.5])
    with pytest.raises(StatisticError):
        smallest_detectable_gap(20, [0.5], power=1.0)
    with pytest.raises(StatisticError):
        GateChances(0.7, 0.6, 10)
