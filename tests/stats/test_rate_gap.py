from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import confint_proportions_2indep

from memaudit.stats.checks import StatisticError
from memaudit.stats.rate_gap import rate_gap, wilson_limits


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Newcombe (1998), table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_published_values(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    gap = rate_gap(*counts)
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=5.1e-5)


cells = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@given(cells, st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_statsmodels(counts: tuple[int, int, int, int], confidence: float) -> None:
    gap = rate_gap(*counts, confidence)
    low, high = confint_proportions_2indep(*counts, compare="diff", method="newcomb", alpha=1 - confidence)
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=1e-12)


@given(cells)
def test_swapping_arms_mirrors_the_interval(counts: tuple[int, int, int, int]) -> None:
    k1, n1, k0, n0 = counts
    one, other = rate_gap(k1, n1, k0, n0), rate_gap(k0, n0, k1, n1)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


def test_wilson_limits_solve_the_score_equation() -> None:
    z = stats.norm.ppf(0.975)
    for k, n in [(1, 10), (7, 20), (19, 20)]:
        low, high = wilson_limits(k, n, z)

        def score(p: float, k: int = k, n: int = n) -> float:
            return (k / n - p) / np.sqrt(p * (1 - p) / n)

        assert low == pytest.approx(brentq(lambda p: score(p) - z, 1e-9, k / n))
        assert high == pytest.approx(brentq(lambda p: score(p) + z, k / n, 1 - 1e-9))


@pytest.mark.parametrize(("n1", "n0"), [(10, 20), (20, 120), (60, 120)])
def test_covers_on_average_over_rates(n1: int, n0: int) -> None:
    """Exact coverage, not simulated; the least of it is below nominal, as the docstring says."""
    intervals = [[rate_gap(a, n1, b, n0) for b in range(n0 + 1)] for a in range(n1 + 1)]
    low = np.array([[i.low for i in row] for row in intervals])
    high = np.array([[i.high for i in row] for row in intervals])
    rates = np.linspace(0.02, 0.98, 49)
    covered = []
    for p in rates:
        for q in rates:
            chance = np.outer(
                stats.binom.pmf(np.arange(n1 + 1), n1, p), stats.binom.pmf(np.arange(n0 + 1), n0, q)
            )
            covered.append(chance[(low <= p - q) & (p - q <= high)].sum())
    assert np.mean(covered) >= 0.95
    assert np.min(covered) >= 0.86


@pytest.mark.parametrize("counts", [(1, 0, 0, 5), (6, 5, 0, 5), (-1, 5, 0, 5), (1, 5, 0, 0)])
def test_refuses_impossible_counts(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(StatisticError):
        rate_gap(*counts)
