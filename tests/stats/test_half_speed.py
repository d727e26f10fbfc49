from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from memaudit.stats.checks import StatisticError
from memaudit.stats.dose_response import dose_response
from memaudit.stats.half_accuracy import half_accuracy_speed
from memaudit.stats.half_speed import HalfSpeed, half_speed

SPEEDS = np.array([1.0, 1.5, 2.0, 3.0, 4.0])


def test_agrees_with_logistic_regression() -> None:
    """statsmodels: recall falls by so many log odds a doubling of the speed."""
    recalled, x = np.array([19, 17, 12, 5, 1]), np.log2(SPEEDS)
    model = sm.GLM(
        np.stack([recalled, 20 - recalled], 1), sm.add_constant(x), family=sm.families.Binomial()
    ).fit()
    intercept, slope = model.params
    found = half_speed(SPEEDS, recalled, [20] * 5)
    assert found.status == "reached"
    assert found.speed == pytest.approx(2 ** (-intercept / slope), rel=1e-3)
    assert found.low < 2.2 < found.high < 3.5


def test_it_is_the_dose_response_of_reciprocal_speeds() -> None:
    doses = dose_response(1 / SPEEDS, [19, 17, 12, 5, 1], [20] * 5, 1, 50)
    found = half_speed(SPEEDS, [19, 17, 12, 5, 1], [20] * 5, floor=(1, 50))
    assert found.speed == pytest.approx(1 / doses.half)  # type: ignore[operator]
    assert (found.low, found.high) == (pytest.approx(1 / doses.high), pytest.approx(1 / doses.low))


def test_all_still_recalled_and_none_from_the_start() -> None:
    every = half_speed(SPEEDS, [20] * 5, [20] * 5)
    assert (every.status, every.speed, every.high) == ("not reached", None, math.inf)
    assert every.low > 4
    none = half_speed(SPEEDS, [0] * 5, [20] * 5)
    assert (none.status, none.speed, none.low) == ("already reached", None, 0.0)
    assert none.high < 1
    noise = half_speed(SPEEDS, [20] * 5, [20] * 5, floor=(30, 50))
    assert (noise.status, noise.low, noise.high) == ("undefined", 0.0, math.inf)


@pytest.mark.slow
def test_simulated_coverage_of_recall() -> None:
    rng, repeats, missed = np.random.default_rng(3), 50, 0
    rate = expit(-3.0 * np.log2(SPEEDS / 2.2))
    for _ in range(repeats):
        found = half_speed(SPEEDS, rng.binomial(20, rate), [20] * 5, 0.9)
        missed += not found.low <= 2.2 <= found.high
    assert missed / repeats <= 0.1 + 3 * math.sqrt(0.09 / repeats)


def naive_interval(samples: list[np.ndarray], floor: float, rng: np.random.Generator) -> tuple[float, float]:
    """Limits from random weights on each sample and one further value, speed after speed."""

    def mean(values: np.ndarray, end: float) -> np.ndarray:
        return rng.dirichlet(np.ones(values.size + 1), 60_000) @ np.append(values, end)

    low, high = SPEEDS[0], math.inf
    for speed, sample in list(zip(SPEEDS, samples, strict=True))[1:]:
        if np.quantile(mean(sample, 0) - mean(samples[0], 1) / 2 - floor / 2, 0.025) <= 0:
            break
        low = speed
    for speed, sample in list(zip(SPEEDS, samples, strict=True))[:0:-1]:
        if np.quantile(mean(sample, 1) - mean(samples[0], 0) / 2 - floor / 2, 0.975) >= 0:
            break
        high = speed
    return float(low), high


@pytest.mark.parametrize("floor", [0.0, 0.17])
def test_naive_version_of_accuracy(floor: float) -> None:
    rng = np.random.default_rng(6)
    samples = [rng.beta(12 * m, 12 * (1 - m), 40) for m in (0.95, 0.9, 0.6, 0.4, 0.2)]
    found = half_accuracy_speed(SPEEDS, samples, floor=floor)
    assert (found.low, found.high) == naive_interval(samples, floor, rng)
    means = [float(sample.mean()) for sample in samples]
    assert means == sorted(means, reverse=True)
    half = (means[0] + floor) / 2
    naive = 2 ** np.interp(-half, [-m for m in means], np.log2(SPEEDS))
    assert found.status == "reached"
    assert found.speed == pytest.approx(naive)


def test_accuracy_that_stays_or_was_never_there() -> None:
    stays = half_accuracy_speed(SPEEDS, [np.full(20, 0.9)] * 5)
    assert (stays.status, stays.speed, stays.low, stays.high) == ("not reached", None, 4.0, math.inf)
    never = half_accuracy_speed(SPEEDS, [np.full(20, 0.15)] * 5, floor=0.17)
    assert (never.status, never.low, never.high) == ("undefined", 0.0, math.inf)
    drop = half_accuracy_speed([1.0, 2.0], [np.ones(20), np.zeros(20)])
    assert (drop.status, drop.low, drop.high) == ("reached", 1.0, 2.0)
    assert drop.speed == pytest.approx(math.sqrt(2))
    # Five canaries of which four are read: nothing can be said of the limits above.
    few = half_accuracy_speed([1.0, 2.0], [[1.0] * 5, [1.0, 1.0, 0.0, 0.0, 0.0]])
    assert (few.status, few.low, few.high) == ("reached", 1.0, math.inf)


tenths = st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=1, max_size=8)


@settings(max_examples=25)
@given(st.lists(tenths, min_size=3, max_size=3))
def test_order_of_speeds_does_not_matter(samples: list[list[float]]) -> None:
    found = half_accuracy_speed([1.0, 2.0, 4.0], samples)
    assert half_accuracy_speed([4.0, 1.0, 2.0], [samples[2], samples[0], samples[1]]) == found
    assert found.low in (0.0, 1.0, 2.0, 4.0)
    narrower = half_accuracy_speed([1.0, 2.0, 4.0], samples, 0.8)
    if found.status != "undefined":
        assert found.low <= narrower.low <= narrower.high <= found.high


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20])
@pytest.mark.parametrize("shape", ["bimodal", "smooth"])
def test_simulated_coverage_of_accuracy(shape: str, n: int) -> None:
    """Mean accuracy 0.9, 0.8, 0.5, 0.4, 0.1: half of it is lost between 2 and 3 times the speed."""
    rng, repeats, below, above = np.random.default_rng(n), 200, 0, 0
    means = [0.9, 0.8, 0.5, 0.4, 0.1]
    for _ in range(repeats):
        samples = [
            (rng.random(n) < m).astype(float) if shape == "bimodal" else rng.beta(8 * m, 8 * (1 - m), n)
            for m in means
        ]
        found = half_accuracy_speed(SPEEDS, samples, 0.9)
        below += found.high <= 2.0
        above += found.low >= 3.0
    margin = 3 * math.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    for speeds in ([1.0], [1.0, 1.0], [0.0, 1.0]):
        with pytest.raises(StatisticError):
            half_speed(speeds, [1] * len(speeds), [2] * len(speeds))
        with pytest.raises(StatisticError):
            half_accuracy_speed(speeds, [[0.5]] * len(speeds))
    with pytest.raises(StatisticError):
        half_accuracy_speed([1.0, 2.0], [[0.5]])
    with pytest.raises(StatisticError, match="accuracies at 2"):
        half_accuracy_speed([1.0, 2.0], [[0.5], [1.5]])
    with pytest.raises(StatisticError, match="floor"):
        half_accuracy_speed([1.0, 2.0], [[0.5], [0.5]], floor=1.0)
    with pytest.raises(StatisticError):
        HalfSpeed("reached", None, 1.0, 2.0, 0.95)
