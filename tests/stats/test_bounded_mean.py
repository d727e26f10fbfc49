from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.stats.binomial import binomial_interval, binomial_limits
from memaudit.stats.bounded_mean import mean_interval, mean_limit
from memaudit.stats.checks import StatisticError
from tests.stats.distributions import DISTRIBUTIONS

accuracies = st.lists(st.integers(0, 20).map(lambda k: k / 20), min_size=1, max_size=25)


@pytest.mark.parametrize("n", [1, 5, 20, 120])
def test_zero_one_values_give_clopper_pearson(n: int) -> None:
    for k in {0, 1, n // 3, n - 1, n}:
        ours = mean_interval(np.repeat([1.0, 0.0], [k, n - k]))
        theirs = binomial_interval(k, n)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        assert mean_limit(np.repeat([1.0, 0.0], [k, n - k]), 0.99, "upper") == pytest.approx(
            binomial_limits(k, n, 0.99)[1], abs=1e-9
        )


def test_naive_version_by_random_weights() -> None:
    values = np.array([0.0, 0.1, 0.1, 0.35, 0.8])
    weights = np.random.default_rng(3).dirichlet(np.ones(6), 200_000)
    interval = mean_interval(values)
    assert interval.low == pytest.approx(np.quantile(weights @ np.append(values, 0), 0.025), abs=2e-3)
    assert interval.high == pytest.approx(np.quantile(weights @ np.append(values, 1), 0.975), abs=2e-3)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("n", [5, 20])
def test_each_limit_misses_no_more_than_promised(name: str, n: int) -> None:
    law, rng, repeats = DISTRIBUTIONS[name], np.random.default_rng(n), 400
    below = above = 0
    for _ in range(repeats):
        interval = mean_interval(law.draw(rng, n), 0.9)
        below += interval.high < law.mean - 1e-9
        above += interval.low > law.mean + 1e-9
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


@given(accuracies)
def test_never_wider_than_hoeffding(values: list[float]) -> None:
    reach = np.sqrt(np.log(2 / 0.05) / (2 * len(values)))
    interval = mean_interval(values)
    assert interval.high <= interval.estimate + reach + 1e-9
    assert interval.low >= interval.estimate - reach - 1e-9


@given(accuracies, st.randoms())
def test_invariances(values: list[float], random: object) -> None:
    interval = mean_interval(values)
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mean_interval(shuffled) == interval
    mirrored = mean_interval([1 - v for v in values])
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - interval.high, 1 - interval.low), abs=1e-9)
    scaled = mean_interval([3 * v - 1 for v in values], bounds=(-1.0, 2.0))
    assert (scaled.low, scaled.high) == pytest.approx((3 * interval.low - 1, 3 * interval.high - 1), abs=1e-8)
    wider = mean_interval(values, 0.99)
    assert wider.low <= interval.low + 1e-12
    assert wider.high >= interval.high - 1e-12


@given(accuracies, st.data())
def test_raising_a_value_raises_the_limits(values: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(values) - 1))
    raised = [*values[:at], data.draw(st.floats(values[at], 1.0)), *values[at + 1 :]]
    before, after = mean_interval(values), mean_interval(raised)
    assert after.low >= before.low - 1e-9
    assert after.high >= before.high - 1e-9


def test_refusals() -> None:
    with pytest.raises(StatisticError):
        mean_interval([])
    with pytest.raises(StatisticError):
        mean_interval([1.2])
    with pytest.raises(StatisticError):
        mean_limit([0.5], 1.0, "upper")
    with pytest.raises(StatisticError, match="lower or upper"):
        mean_limit([0.5], 0.9, "both")  # type: ignore[arg-type]
