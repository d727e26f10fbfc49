from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from memaudit.stats.binomial import binomial_interval, binomial_limits, chance_at_least, chance_at_most
from memaudit.stats.checks import StatisticError


@pytest.mark.parametrize("n", [1, 5, 10, 33, 120])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_agrees_with_two_other_implementations(n: int, confidence: float) -> None:
    for k in range(n + 1):
        ours = binomial_interval(k, n, confidence)
        theirs = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        low, high = proportion_confint(k, n, alpha=1 - confidence, method="beta")
        assert (ours.low, ours.high) == pytest.approx((float(low), float(high)), abs=1e-9)
        assert ours.estimate == k / n


@pytest.mark.parametrize("n", [1, 7, 40, 1000])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.97])
def test_tails_are_those_of_scipy(n: int, rate: float) -> None:
    k = np.arange(n)
    assert chance_at_most(k, n, rate) == pytest.approx(stats.binom.cdf(k, n, rate), rel=1e-12)
    ours = [chance_at_least(least, n, rate) for least in range(n + 1)]
    assert ours == pytest.approx(stats.binom.sf(np.arange(n + 1) - 1, n, rate).tolist(), rel=1e-12)


def test_limits_solve_the_binomial_tails() -> None:
    for k, n, level in [(3, 20, 0.975), (19, 20, 0.99), (1, 7, 0.9)]:
        low, high = binomial_limits(k, n, level)
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(1 - level)
        assert stats.binom.cdf(k, n, high) == pytest.approx(1 - level)


@pytest.mark.parametrize("n", [5, 10, 20, 60])
def test_exact_coverage_of_each_limit_is_at_least_nominal(n: int) -> None:
    limits = np.array([binomial_limits(k, n, 0.975) for k in range(n + 1)])
    for rate in np.linspace(0.001, 0.999, 499):
        chance = stats.binom.pmf(np.arange(n + 1), n, rate)
        assert chance[limits[:, 0] > rate].sum() <= 0.025 + 1e-12
        assert chance[limits[:, 1] < rate].sum() <= 0.025 + 1e-12


@pytest.mark.parametrize(("k", "n", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (0, 0, 0.95), (1, 5, 1.0)])
def test_refuses_impossible_counts(k: int, n: int, confidence: float) -> None:
    with pytest.raises(StatisticError):
        binomial_interval(k, n, confidence)
