from __future__ import annotations

from functools import lru_cache
from math import hypot

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from memaudit.stats.binomial import binomial_limits
from memaudit.stats.bounded_mean import mean_interval
from memaudit.stats.checks import StatisticError
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap, mean_gap_limit
from tests.stats.distributions import DISTRIBUTIONS

accuracies = st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=1, max_size=15)
Table = NDArray[np.float64]


def recovered_gap(inserted: NDArray[np.float64], held_out: NDArray[np.float64]) -> Interval:
    """The rival: limits of both means joined by squares (Zou and Donner 2008, as Newcombe does)."""
    one, other = mean_interval(inserted), mean_interval(held_out)
    gap = one.estimate - other.estimate
    low = gap - hypot(one.estimate - one.low, other.high - other.estimate)
    high = gap + hypot(one.high - one.estimate, other.estimate - other.low)
    return Interval(gap, low, high, 0.95)


@pytest.mark.parametrize(
    ("first", "second"), [("bimodal", "beta .15"), ("tenths", "tenths"), ("beta .9", "all zero")]
)
def test_naive_version_by_random_weights(first: str, second: str) -> None:
    rng = np.random.default_rng(8)
    x, y = DISTRIBUTIONS[first].draw(rng, 12), DISTRIBUTIONS[second].draw(rng, 30)
    w, v = rng.dirichlet(np.ones(13), 200_000), rng.dirichlet(np.ones(31), 200_000)
    gap = mean_gap(x, y)
    assert gap.high == pytest.approx(np.quantile(w @ np.append(x, 1) - v @ np.append(y, 0), 0.975), abs=3e-3)
    assert gap.low == pytest.approx(np.quantile(w @ np.append(x, 0) - v @ np.append(y, 1), 0.025), abs=3e-3)


def test_zero_one_values_give_melded_clopper_pearson() -> None:
    """U ~ Beta(k1 + 1, n1 - k1) and L ~ Beta(k0, n0 - k0 + 1) (Fay, Proschan and Brittain)."""
    k1, n1, k0, n0 = 7, 10, 6, 20
    upper = mean_gap_limit(
        np.repeat([1.0, 0.0], [k1, n1 - k1]), np.repeat([1.0, 0.0], [k0, n0 - k0]), 0.975, "upper"
    )
    places = np.linspace(0, 1, 200_001)
    density = stats.beta.pdf(places, k0, n0 - k0 + 1)
    chance = np.trapezoid(stats.beta.cdf(upper + places, k1 + 1, n1 - k1) * density, places)
    assert chance == pytest.approx(0.975, abs=2e-5)


def test_zero_gap_test_on_rates_is_fishers() -> None:
    """The one-sided p-value of no gap, at which the lower limit is 0, is Fisher's exact one."""
    for k1, n1, k0, n0 in [(5, 10, 1, 20), (3, 8, 0, 12), (9, 10, 10, 20)]:
        p = stats.fisher_exact([[k1, n1 - k1], [k0, n0 - k0]], alternative="greater").pvalue
        x, y = np.repeat([1.0, 0.0], [k1, n1 - k1]), np.repeat([1.0, 0.0], [k0, n0 - k0])
        assert mean_gap_limit(x, y, 1 - p, "lower") == pytest.approx(0.0, abs=2e-4)


@lru_cache(maxsize=4)
def binary_upper_limits(n1: int, n0: int, level: float) -> tuple[Table, Table]:
    """Upper limits for every count of ones in both arms: of mean_gap, and of its rival."""
    ours, rival = np.empty((n1 + 1, n0 + 1)), np.empty((n1 + 1, n0 + 1))
    for a in range(n1 + 1):
        high = binomial_limits(a, n1, level)[1]
        for b in range(n0 + 1):
            x, y = np.repeat([1.0, 0.0], [a, n1 - a]), np.repeat([1.0, 0.0], [b, n0 - b])
            ours[a, b] = mean_gap_limit(x, y, level, "upper")
            low = binomial_limits(b, n0, level)[0]
            rival[a, b] = a / n1 - b / n0 + hypot(high - a / n1, b / n0 - low)
    return ours, rival


def worst_miss(limits: Table) -> float:
    """Largest exact probability, over a grid of pairs of rates, that the gap lies above its upper limit."""
    n1, n0 = limits.shape[0] - 1, limits.shape[1] - 1
    rates = np.concatenate(
        [np.linspace(0.0025, 0.05, 20), np.linspace(0.06, 0.94, 45), np.linspace(0.95, 0.9975, 20)]
    )
    first = stats.binom.pmf(np.arange(n1 + 1), n1, rates[:, None])
    second = stats.binom.pmf(np.arange(n0 + 1), n0, rates[:, None])
    return max(
        float(one @ (limits < p - q - 1e-7) @ other)
        for p, one in zip(rates, first, strict=True)
        for q, other in zip(rates, second, strict=True)
    )


@pytest.mark.parametrize(("n1", "n0"), [(5, 5), (5, 20), (20, 5), (10, 20), (20, 60)])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_exact_coverage_for_rates(n1: int, n0: int, level: float) -> None:
    """Why melding was chosen: its rival misses up to six times as often as promised, on one side."""
    ours, rival = binary_upper_limits(n1, n0, level)
    assert worst_miss(ours) <= 1 - level
    assert worst_miss(rival) > 1.2 * (1 - level)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("all zero", "all zero"),
        ("bimodal", "bimodal"),
        ("bimodal", "beta .15"),
        ("beta .15", "beta .15"),
        ("beta .9", "beta .15"),
        ("tenths", "tenths"),
        ("nine of ten at one value", "nine of ten at one value"),
    ],
)
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (10, 10), (20, 120)])
def test_simulated_coverage(first: str, second: str, n1: int, n0: int) -> None:
    one, other = DISTRIBUTIONS[first], DISTRIBUTIONS[second]
    gap, rng, repeats = one.mean - other.mean, np.random.default_rng(n1), 150
    below = above = 0
    for _ in range(repeats):
        interval = mean_gap(one.draw(rng, n1), other.draw(rng, n0), 0.9)
        below += interval.high < gap - 1e-6
        above += interval.low > gap + 1e-6
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


@pytest.mark.parametrize(("n1", "n0", "ours", "rival"), [(10, 20, 0.449, 0.432), (20, 120, 0.211, 0.205)])
def test_widths_of_both_methods(n1: int, n0: int, ours: float, rival: float) -> None:
    """What coverage costs at accuracies of mean .15 and deviation .1: 2 to 4 % of the width."""
    rng, law, pairs = np.random.default_rng(4), DISTRIBUTIONS["beta .15"], []
    for _ in range(100):
        x, y = law.draw(rng, n1), law.draw(rng, n0)
        pairs.append((mean_gap(x, y).width, recovered_gap(x, y).width))
    assert np.mean(pairs, axis=0) == pytest.approx([ours, rival], abs=0.004)


@given(accuracies, accuracies, st.randoms())
def test_invariances(inserted: list[float], held_out: list[float], random: object) -> None:
    gap = mean_gap(inserted, held_out)
    shuffled = list(held_out)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mean_gap(inserted[::-1], shuffled) == gap
    swapped = mean_gap(held_out, inserted)
    assert (swapped.low, swapped.high) == pytest.approx((-gap.high, -gap.low), abs=1e-12)
    mirrored = mean_gap([1 - v for v in inserted], [1 - v for v in held_out])
    assert (mirrored.low, mirrored.high) == pytest.approx((-gap.high, -gap.low), abs=1e-4)
    shifted = mean_gap([2 * v + 3 for v in inserted], [2 * v + 3 for v in held_out], bounds=(3.0, 5.0))
    assert (shifted.low, shifted.high) == pytest.approx((2 * gap.low, 2 * gap.high), abs=1e-4)
    assert -1 <= gap.low <= gap.estimate <= gap.high <= 1
    wide = mean_gap(inserted, held_out, 0.99)
    assert wide.low <= gap.low + 1e-9
    assert wide.high >= gap.high - 1e-9


@given(accuracies, accuracies, st.data())
def test_raising_an_inserted_value_raises_the_limits(
    inserted: list[float], held_out: list[float], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(inserted) - 1))
    raised = [*inserted[:at], data.draw(st.floats(inserted[at], 1.0)), *inserted[at + 1 :]]
    before, after = mean_gap(inserted, held_out), mean_gap(raised, held_out)
    assert after.low >= before.low - 1e-4
    assert after.high >= before.high - 1e-4


def test_extremes() -> None:
    assert mean_gap([1.0] * 10, [0.0] * 20).high == 1.0
    none = mean_gap([0.0] * 10, [0.0] * 20)
    assert none.low == pytest.approx(-(1 - 0.025 ** (1 / 20)), abs=1e-9)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-9)
    assert mean_gap_limit([0.0], [0.0], 1 - 1e-12, "upper") == pytest.approx(1.0, abs=1e-5)
    assert mean_gap_limit([0.3], [0.4], 1 - 1e-12, "upper") == pytest.approx(1.0, abs=2e-3)


def test_more_canaries_than_the_exact_path_takes() -> None:
    rng = np.random.default_rng(2)
    x, y = DISTRIBUTIONS["beta .15"].draw(rng, 500), DISTRIBUTIONS["bimodal"].draw(rng, 2000)
    gap = mean_gap(x, y)
    normal = 1.96 * np.sqrt(x.var() / 500 + y.var() / 2000)
    # The normal interval, and the pull of the two further atoms by 1/500 and 1/2000.
    assert gap.high == pytest.approx(gap.estimate + normal, abs=0.003)
    assert gap.high > gap.estimate + normal
    assert gap.low < gap.estimate - normal


def test_refusals() -> None:
    for wrong in ([], [1.2], [float("nan")]):
        with pytest.raises(StatisticError):
            mean_gap(wrong, [0.5])
        with pytest.raises(StatisticError):
            mean_gap([0.5], wrong)
    with pytest.raises(StatisticError, match="lower or upper"):
        mean_gap_limit([0.5], [0.5], 0.9, "both")  # type: ignore[arg-type]
    with pytest.raises(StatisticError, match="level"):
        mean_gap_limit([0.5], [0.5], 1.0, "lower")
