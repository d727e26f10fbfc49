from __future__ import annotations

from math import comb

import pytest
from scipy import stats
from statsmodels.stats.descriptivestats import sign_test as other

from memaudit.stats.checks import StatisticError
from memaudit.stats.sign_test import sign_test


@pytest.mark.parametrize("n", [1, 2, 5, 20, 61, 400])
def test_agrees_with_scipy_and_with_the_sum(n: int) -> None:
    for wins in range(n + 1):
        ours = sign_test(wins, n)
        assert ours == pytest.approx(stats.binomtest(wins, n, 0.5, "greater").pvalue, rel=1e-12)
        assert ours == pytest.approx(sum(comb(n, k) for k in range(wins, n + 1)) / 2**n, rel=1e-12)


def test_agrees_with_statsmodels_two_sided() -> None:
    _, p_value = other([1.0] * 15 + [-1.0] * 5)
    assert 2 * sign_test(15, 20) == pytest.approx(p_value)


@pytest.mark.parametrize("n", [5, 6, 20, 30])
def test_a_fair_coin_is_rejected_at_most_as_often_as_promised(n: int) -> None:
    rejected = sum(comb(n, wins) / 2**n for wins in range(n + 1) if sign_test(wins, n) <= 0.05)
    assert 0 < rejected <= 0.05


@pytest.mark.parametrize(("wins", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_what_is_no_count_is_refused(wins: int, n: int) -> None:
    with pytest.raises(StatisticError):
        sign_test(wins, n)
