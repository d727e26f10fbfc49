from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.stats.checks import StatisticError
from memaudit.stats.error_gap import error_gap
from memaudit.stats.mean_gap import mean_gap

rates = st.lists(st.integers(0, 40).map(lambda k: k / 10), min_size=1, max_size=12)


@settings(max_examples=30)
@given(rates, rates)
def test_clipped_at_1_it_is_the_accuracy_gap_turned_round(
    inserted: list[float], held_out: list[float]
) -> None:
    found = error_gap(inserted, held_out)
    accuracy = mean_gap([1 - min(1, r) for r in inserted], [1 - min(1, r) for r in held_out])
    interval = found.interval
    assert interval.estimate == pytest.approx(-accuracy.estimate)
    assert (interval.low, interval.high) == pytest.approx((-accuracy.high, -accuracy.low), abs=1e-4)
    assert found.clipped_inserted == sum(r > 1 for r in inserted)
    assert found.clipped_held_out == sum(r > 1 for r in held_out)


def test_naive_version_by_random_weights() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.gamma(1.0, 0.5, 9), rng.gamma(3.0, 0.5, 25)
    found = error_gap(x, y, most=2.0).interval
    w, v = rng.dirichlet(np.ones(10), 200_000), rng.dirichlet(np.ones(26), 200_000)
    x, y = np.minimum(x, 2), np.minimum(y, 2)
    assert found.estimate == pytest.approx(x.mean() - y.mean())
    assert found.high == pytest.approx(
        np.quantile(w @ np.append(x, 2) - v @ np.append(y, 0), 0.975), abs=6e-3
    )
    assert found.low == pytest.approx(np.quantile(w @ np.append(x, 0) - v @ np.append(y, 2), 0.025), abs=6e-3)


@pytest.mark.slow
@pytest.mark.parametrize("most", [1.0, 3.0])
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (20, 60)])
@pytest.mark.parametrize("shape", ["endless words", "all read", "nothing read"])
def test_simulated_coverage_of_the_clipped_mean(shape: str, n1: int, n0: int, most: float) -> None:
    """Word error rates in sixths of a reference, some of them 5 and more."""
    rng, below, above, repeats = np.random.default_rng(n1), 0, 0, 150

    def draw(n: int, arm: int) -> np.ndarray:
        if shape == "all read":
            return np.zeros(n)
        if shape == "nothing read":
            return np.ones(n)
        looping = rng.random(n) < 0.1
        return np.where(looping, rng.integers(20, 60, n) / 6, rng.binomial(6, 0.9 - 0.5 * arm, n) / 6)

    truth = np.minimum(draw(400_000, 1), most).mean() - np.minimum(draw(400_000, 0), most).mean()
    for _ in range(repeats):
        interval = error_gap(draw(n1, 1), draw(n0, 0), 0.9, most).interval
        below += interval.high < truth - 0.005
        above += interval.low > truth + 0.005
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    for inserted, held_out, most in [([-0.1], [1.0], 1.0), ([1.0], [], 1.0), ([1.0], [np.inf], 1.0)]:
        with pytest.raises(StatisticError):
            error_gap(inserted, held_out, most=most)
    for wrong in (0.0, np.inf, -1.0):
        with pytest.raises(StatisticError, match="most"):
            error_gap([1.0], [1.0], most=wrong)
