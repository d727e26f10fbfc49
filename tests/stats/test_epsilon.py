from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.epsilon import one_run_epsilon, p_value, pair_guesses


@pytest.mark.parametrize(("guesses", "epsilon"), [(20, 1.82), (100, 3.49), (200, 4.19)])
def test_published_bounds_where_all_guesses_are_right(guesses: int, epsilon: float) -> None:
    assert one_run_epsilon(guesses, guesses) == pytest.approx(epsilon, abs=0.005)
    q = 0.05 ** (1 / guesses)
    assert one_run_epsilon(guesses, guesses) == pytest.approx(math.log(q / (1 - q)))


@pytest.mark.parametrize(
    ("canaries", "guesses", "correct", "delta", "epsilon"),
    [(1000, 100, 75, 1e-4, 0.673), (100_000, 1510, 1439, 1e-5, 2.675)],
)
def test_published_bounds_with_delta(
    canaries: int, guesses: int, correct: int, delta: float, epsilon: float
) -> None:
    bound = one_run_epsilon(guesses, correct, 0.95, delta, canaries)
    assert bound == pytest.approx(epsilon, abs=1.01e-3)


def naive_p_value(guesses: int, correct: int, epsilon: float, delta: float, canaries: int) -> float:
    """beta + 2 m delta max_i P[v - i <= W < v] / i, written out with binomial coefficients."""
    q = math.exp(epsilon) / (1 + math.exp(epsilon))
    pmf = [math.comb(guesses, k) * q**k * (1 - q) ** (guesses - k) for k in range(guesses + 1)]
    beta = sum(pmf[correct:])
    alpha = max((sum(pmf[max(correct - i, 0) : correct]) / i for i in range(1, canaries + 1)), default=0.0)
    return min(1.0, beta + 2 * canaries * delta * alpha)


counts = st.integers(1, 25).flatmap(lambda r: st.tuples(st.just(r), st.integers(0, r), st.integers(r, 40)))


@given(counts, st.floats(0, 4), st.sampled_from([0.0, 1e-6, 1e-3, 0.1]))
def test_naive_p_value(case: tuple[int, int, int], epsilon: float, delta: float) -> None:
    guesses, correct, canaries = case
    assert p_value(guesses, correct, epsilon, delta, canaries) == pytest.approx(
        naive_p_value(guesses, correct, epsilon, delta, canaries), abs=1e-12
    )


@given(counts, st.sampled_from([0.0, 1e-6, 1e-3, 0.1]), st.sampled_from([0.8, 0.95, 0.99]))
def test_bound_is_the_smallest_epsilon_that_is_not_rejected(
    case: tuple[int, int, int], delta: float, confidence: float
) -> None:
    guesses, correct, canaries = case
    bound = one_run_epsilon(guesses, correct, confidence, delta, canaries)
    for epsilon in np.linspace(0, max(bound - 1e-6, 0), 30):
        rejected = naive_p_value(guesses, correct, epsilon, delta, canaries) < 1 - confidence
        assert rejected or bound == 0
    assert naive_p_value(guesses, correct, bound + 1e-6, delta, canaries) >= 1 - confidence


@given(counts)
def test_monotone(case: tuple[int, int, int]) -> None:
    guesses, correct, canaries = case
    bound = one_run_epsilon(guesses, correct, delta=1e-4, canaries=canaries)
    assert 0 <= bound <= one_run_epsilon(guesses, correct)
    assert one_run_epsilon(guesses, correct, delta=1e-3, canaries=canaries) <= bound + 1e-9
    assert one_run_epsilon(guesses, correct, delta=1e-4, canaries=canaries + 10) <= bound + 1e-9
    assert one_run_epsilon(guesses, correct, 0.9) >= one_run_epsilon(guesses, correct)
    if correct:
        assert one_run_epsilon(guesses, correct - 1) <= one_run_epsilon(guesses, correct)


def test_nothing_shown() -> None:
    assert one_run_epsilon(0, 0) == 0.0
    assert one_run_epsilon(20, 0) == 0.0
    assert one_run_epsilon(20, 10) == 0.0
    assert one_run_epsilon(20, 14) == 0.0
    assert one_run_epsilon(20, 15) > 0.0
    assert one_run_epsilon(20, 20, delta=0.5) == 0.0


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("guesses", [20, 100])
def test_randomised_response_is_overestimated_in_no_more_than_5_percent(epsilon: float, guesses: int) -> None:
    """Exactly, not simulated: the number of right guesses about randomised response is binomial."""
    rate = math.exp(epsilon) / (1 + math.exp(epsilon))
    chance = stats.binom.pmf(np.arange(guesses + 1), guesses, rate)
    bounds = np.array([one_run_epsilon(guesses, v) for v in range(guesses + 1)])
    assert chance[bounds > epsilon + 1e-9].sum() <= 0.05 + 1e-12
    # A bound that nothing can exceed would hold as well: this one exceeds half of epsilon in most runs of
    # 100.
    if guesses == 100 and epsilon >= 1:
        assert chance[bounds > epsilon / 2].sum() > 0.5


def test_gaussian_mechanism_is_not_overestimated() -> None:
    """Sums with noise: a pair's score difference is normal, and epsilon follows from delta."""
    sigma, delta, m = 2.0, 1e-3, 200
    epsilon = 1.0
    # delta(epsilon) of one Gaussian release at distance 1 (Balle and Wang 2018).
    while (
        stats.norm.cdf(1 / (2 * sigma) - epsilon * sigma)
        - math.exp(epsilon) * stats.norm.cdf(-1 / (2 * sigma) - epsilon * sigma)
        > delta
    ):
        epsilon += 0.01
    rng = np.random.default_rng(1)
    bounds = []
    for _ in range(300):
        noise = sigma * rng.normal(size=m)
        guesses, correct = pair_guesses(0.5 + noise, np.zeros(m))
        bounds.append(one_run_epsilon(guesses, correct, 0.95, delta, m))
    assert np.mean(np.array(bounds) > epsilon) <= 0.05


def test_pair_guesses_count_strict_wins() -> None:
    assert pair_guesses([1.0, 2.0, -math.inf, math.inf], [0.0, 2.0, 0.0, 5.0]) == (4, 2)
    assert pair_guesses([], []) == (0, 0)
    with pytest.raises(StatisticError):
        pair_guesses([1.0], [1.0, 2.0])
    with pytest.raises(StatisticError):
        pair_guesses([math.nan], [1.0])


def test_guesses_of_null_audits_certify_nothing_too_often() -> None:
    rng = np.random.default_rng(7)
    shown = sum(
        one_run_epsilon(*pair_guesses(rng.normal(size=60), rng.normal(size=60))) > 0 for _ in range(2000)
    )
    assert shown / 2000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.parametrize(
    ("guesses", "correct", "confidence", "delta", "canaries"),
    [
        (5, 6, 0.95, 0.0, None),
        (-1, 0, 0.95, 0.0, None),
        (5, 5, 1.0, 0.0, None),
        (5, 5, 0.95, -0.1, None),
        (5, 5, 0.95, 0.1, 4),
    ],
)
def test_refusals(guesses: int, correct: int, confidence: float, delta: float, canaries: int | None) -> None:
    with pytest.raises(StatisticError):
        one_run_epsilon(guesses, correct, confidence, delta, canaries)
