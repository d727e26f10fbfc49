from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.randomisation import randomisation_test
from memaudit.stats.trend import trend_test

rows_of_audit = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 4]), st.integers(0, 1)), min_size=2, max_size=7
).filter(lambda rows: len({row[1] for row in rows}) > 1)


@settings(max_examples=60)
@given(rows_of_audit)
def test_naive_version(rows: list[tuple[int, int, int]]) -> None:
    values, copies, strata = (np.array(column) for column in zip(*rows, strict=True))
    doses = np.log2(1 + copies)
    sums = [
        doses[list(order)] @ values
        for order in permutations(range(len(rows)))
        if all(strata[i] == strata[j] for i, j in enumerate(order))
    ]
    result = trend_test(values, copies, strata, seed=1)
    assert result.exact
    assert result.statistic == pytest.approx(doses @ values)
    assert result.p_value == pytest.approx(np.mean(np.array(sums) >= doses @ values - 1e-9))


def test_two_levels_are_the_test_of_two_arms() -> None:
    rng = np.random.default_rng(4)
    values, inserted, strata = rng.normal(size=16), rng.permutation(16) < 6, np.arange(16) % 2
    arms = randomisation_test(values, inserted, strata, seed=1)
    trend = trend_test(values, 3 * inserted, strata, seed=1)
    assert (trend.p_value, trend.p_smallest, trend.relabellings) == (
        arms.p_value,
        arms.p_smallest,
        arms.relabellings,
    )


def test_agrees_with_scipy_by_correlation() -> None:
    """In one stratum the statistic orders dealings as the correlation of doses and values does."""
    rng = np.random.default_rng(5)
    copies = np.repeat([0, 1, 2, 4, 8, 16], [30, 6, 6, 6, 6, 6])
    doses = np.log2(1.0 + copies)
    values = rng.normal(size=60) + 0.12 * doses
    ours = trend_test(values, copies, np.zeros(60, int), seed=1, relabellings=20_000)
    theirs = stats.permutation_test(
        (doses,),
        lambda x: np.corrcoef(x, values)[0, 1],
        permutation_type="pairings",
        n_resamples=20_000,
        alternative="greater",
        rng=np.random.default_rng(2),
    )
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=5 * np.sqrt(2 * theirs.pvalue / 20_000))


@pytest.mark.slow
@pytest.mark.parametrize("ties", [0.0, 0.9])
def test_false_alarms(ties: float) -> None:
    rng, copies, strata = np.random.default_rng(6), np.repeat([0, 1, 2, 4], [20, 5, 5, 5]), np.arange(35) % 2
    alarms = 0
    for seed in range(1000):
        values = np.where(rng.random(35) < ties, 0.0, rng.normal(size=35))
        alarms += trend_test(values, copies, strata, seed=seed, relabellings=199).p_value <= 0.05
    assert alarms / 1000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_refusals() -> None:
    for copies in ([1, 1], [0, -1], [0], [0, np.nan]):
        with pytest.raises(StatisticError):
            trend_test([1.0, 2.0], copies, [0, 0], seed=1)
