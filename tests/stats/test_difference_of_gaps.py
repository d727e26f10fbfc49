from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.stats.checks import StatisticError
from memaudit.stats.difference_of_gaps import difference_of_gaps
from memaudit.stats.mean_gap import mean_gap
from tests.stats.distributions import DISTRIBUTIONS

accuracies = st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=1, max_size=12)


@pytest.mark.parametrize("shape", ["mixed", "all read at speed 1", "extremes"])
def test_naive_version_by_random_weights(shape: str) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.beta(2, 2, 12), rng.beta(2, 10, 30)
    c, d = {
        "mixed": (rng.beta(8, 2, 10), rng.beta(7, 3, 40)),
        "all read at speed 1": (np.ones(10), np.ones(40)),
        "extremes": (np.zeros(10), np.ones(40)),
    }[shape]
    draws = 400_000

    def mean(values: np.ndarray, end: float) -> np.ndarray:
        return rng.dirichlet(np.ones(values.size + 1), draws) @ np.append(values, end)

    found = difference_of_gaps(a, b, c, d)
    assert found.estimate == pytest.approx(a.mean() - b.mean() - c.mean() + d.mean())
    upper = mean(a, 1) - mean(b, 0) - mean(c, 0) + mean(d, 1)
    lower = mean(a, 0) - mean(b, 1) - mean(c, 1) + mean(d, 0)
    assert found.high == pytest.approx(np.quantile(upper, 0.975), abs=2e-3)
    assert found.low == pytest.approx(np.quantile(lower, 0.025), abs=2e-3)


@settings(max_examples=30)
@given(accuracies, accuracies, accuracies, accuracies)
def test_invariances(a: list[float], b: list[float], c: list[float], d: list[float]) -> None:
    found = difference_of_gaps(a, b, c, d)
    assert -2 <= found.low <= found.estimate <= found.high <= 2
    swapped = difference_of_gaps(c, d, a, b)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=3e-4)
    assert difference_of_gaps(a[::-1], b[::-1], c[::-1], d[::-1]) == found
    assert difference_of_gaps(d, c, b, a).low == pytest.approx(found.low, abs=3e-4)


def test_a_second_gap_that_is_known_to_be_zero_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.beta(2, 2, 20), rng.beta(2, 10, 60)
    many = np.zeros(100_000)
    alone, both = mean_gap(a, b), difference_of_gaps(a, b, many, many)
    assert (both.low, both.high) == pytest.approx((alone.low, alone.high), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("bimodal", "beta .15", "beta .9", "beta .9"), (10, 20, 10, 20)),
        (("all zero", "all zero", "beta .9", "beta .9"), (5, 20, 5, 20)),
        (("Bernoulli .05", "Bernoulli .05", "bimodal", "tenths"), (20, 60, 10, 30)),
    ],
)
def test_simulated_coverage(names: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    laws = [DISTRIBUTIONS[name] for name in names]
    truth = laws[0].mean - laws[1].mean - laws[2].mean + laws[3].mean
    rng, repeats, below, above = np.random.default_rng(3), 200, 0, 0
    for _ in range(repeats):
        arms = [law.draw(rng, n) for law, n in zip(laws, sizes, strict=True)]
        found = difference_of_gaps(arms[0], arms[1], arms[2], arms[3], 0.9)
        below += found.high < truth - 1e-6
        above += found.low > truth + 1e-6
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    with pytest.raises(StatisticError, match="held_out_slow"):
        difference_of_gaps([0.5], [0.5], [0.5], [])
    with pytest.raises(StatisticError, match="inserted_slow"):
        difference_of_gaps([0.5], [0.5], [1.5], [0.5])
