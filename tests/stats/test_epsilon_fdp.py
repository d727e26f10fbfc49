from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from memaudit.stats.checks import StatisticError
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_fdp import FdpEstimate, fdp_estimate
from memaudit.stats.gaussian_dp import gaussian_delta, gaussian_epsilon, gaussian_mean
from tests.stats import mechanisms

# The first two are published; the others are those of jax-privacy 2.0.0,
# auditing._epsilon_one_run_fdp(0, m, r, v, .05, delta).
GOLDEN = [
    (1000, 100, 75, 1e-4, 0.841724),
    (100, 100, 80, 1e-5, 2.130336),
    (500, 120, 100, 1e-5, 1.997112),
    (200, 200, 130, 1e-3, 0.500461),
    (50, 20, 19, 1e-4, 2.196759),
    (2000, 300, 299, 1e-6, 7.439506),
    (100, 40, 25, 1e-5, 0.0),
]


@pytest.mark.parametrize(("canaries", "guesses", "correct", "delta", "epsilon"), GOLDEN)
def test_published_values(canaries: int, guesses: int, correct: int, delta: float, epsilon: float) -> None:
    found = fdp_estimate(guesses, correct, delta, "replace-one", canaries=canaries)
    assert found.epsilon == pytest.approx(epsilon, abs=2e-6)
    assert (found.assumption, found.adjacency) == ("gaussian", "replace-one")


def test_values_of_jax_privacy_where_it_is_installed() -> None:
    auditing = pytest.importorskip("jax_privacy.auditing")
    for m, r, v, delta in [(300, 80, 70, 1e-5), (90, 90, 70, 1e-3), (40, 25, 25, 1e-4)]:
        theirs = auditing._epsilon_one_run_fdp(0.0, m, r, v, 0.05, delta)
        assert fdp_estimate(r, v, delta, "replace-one", canaries=m).epsilon == pytest.approx(theirs, abs=2e-6)


def naive_rejected(mean: float, m: int, guesses: int, correct: int) -> bool:
    """The recursion of the paper from arrays h[i], r[i], i from the number of right guesses down to 0."""
    h, r = np.zeros(correct + 1), np.zeros(correct + 1)
    r[correct] = 0.05 * correct / m
    h[correct] = 0.05 * (guesses - correct) / m
    for i in range(correct - 1, -1, -1):
        h[i] = max(h[i + 1], stats.norm.cdf(stats.norm.ppf(r[i + 1]) - mean))
        r[i] = min(r[i + 1] + i / (guesses - i) * (h[i] - h[i + 1]), 1.0)
    return bool(r[0] + h[0] > guesses / m)


@pytest.mark.parametrize(("m", "guesses", "correct"), [(100, 100, 80), (500, 40, 38), (30, 30, 30)])
def test_naive_version(m: int, guesses: int, correct: int) -> None:
    mean = fdp_estimate(guesses, correct, 1e-5, "replace-one", canaries=m).mean
    assert naive_rejected(mean - 1e-6, m, guesses, correct)
    assert not naive_rejected(mean + 1e-6, m, guesses, correct)


@given(st.floats(0.05, 5.0), st.floats(0.0, 10.0))
def test_gaussian_trade_off_by_integration(mean: float, epsilon: float) -> None:
    """delta is the largest of P(A) - e^eps Q(A): the integral of the positive part of p - e^eps q."""
    # The two densities cross at x = eps / mu, both centred on -mu/2 and mu/2.
    start = epsilon / mean
    integral = quad(
        lambda x: stats.norm.pdf(x - mean / 2) - math.exp(epsilon) * stats.norm.pdf(x + mean / 2),
        start,
        start + mean + 12,
        epsabs=1e-12,
        limit=200,
    )[0]
    assert gaussian_delta(mean, epsilon) == pytest.approx(integral, abs=1e-8)


@given(st.floats(0.05, 5.0), st.sampled_from([1e-8, 1e-5, 1e-3]))
def test_gaussian_inverses(mean: float, delta: float) -> None:
    epsilon = gaussian_epsilon(mean, delta)
    if epsilon > 0:
        assert gaussian_delta(mean, epsilon) == pytest.approx(delta, rel=1e-6)
        assert gaussian_mean(epsilon, delta) == pytest.approx(mean, rel=1e-6)
    else:
        assert gaussian_delta(mean, 0.0) <= delta


def test_published_noise_of_the_analytic_gaussian_mechanism() -> None:
    """dp-accounting 0.6.0, get_sigma_gaussian(epsilon, delta): sensitivity 1, so mu = 1 / sigma."""
    for epsilon, delta, sigma in [
        (1.0, 1e-5, 3.7306316348),
        (0.1, 1e-6, 36.3046904262),
        (8.0, 1e-5, 0.6002290722),
        (0.5, 0.01, 3.1469130986),
    ]:
        assert 1 / gaussian_mean(epsilon, delta) == pytest.approx(sigma, rel=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 60).flatmap(lambda r: st.tuples(st.just(r), st.integers(0, r), st.integers(r, 100))))
def test_monotone(case: tuple[int, int, int]) -> None:
    guesses, correct, canaries = case

    def mean(correct: int, canaries: int, confidence: float = 0.95) -> float:
        return fdp_estimate(guesses, correct, 1e-5, "add-remove", confidence, canaries).mean

    here = mean(correct, canaries)
    if correct:
        assert mean(correct - 1, canaries) <= here + 1e-9
    assert mean(correct, canaries, 0.8) >= here - 1e-9


@pytest.mark.parametrize("strength", [0.3, 1.0, 2.0])
@pytest.mark.parametrize(("m", "guessed"), [(60, 60), (200, 40)])
def test_where_training_is_a_gaussian_mechanism_the_estimate_is_a_lower_bound(
    strength: float, m: int, guessed: int
) -> None:
    """And it is worth having: it lies above the bound that assumes nothing, with the same delta."""
    rng, delta, over, higher = np.random.default_rng(4), 1e-5, 0, []
    truth = gaussian_epsilon(strength, delta)
    for _ in range(400):
        coins = rng.random(m) < 0.5
        scores = mechanisms.gaussian(rng, coins, strength)
        sure = np.argsort(-np.abs(scores))[:guessed]
        correct = int(((scores > 0) == coins)[sure].sum())
        found = fdp_estimate(guessed, correct, delta, "add-remove", canaries=m).epsilon
        over += found > truth
        higher.append(found - one_run_epsilon(guessed, correct, 0.95, delta, m))
    assert over / 400 <= 0.05
    if strength > 0.3:
        assert np.mean(higher) > 0.1


def test_refusals() -> None:
    for guesses, correct, delta, canaries in [(5, 6, 1e-5, None), (5, 5, 0.0, None), (5, 5, 1e-5, 4)]:
        with pytest.raises(StatisticError):
            fdp_estimate(guesses, correct, delta, "replace-one", canaries=canaries)
    for mean, epsilon in [(0.0, 1.0), (1.0, -1.0), (math.inf, 1.0), (1.0, math.nan)]:
        with pytest.raises(StatisticError):
            gaussian_delta(mean, epsilon)
    for wrong in (0.0, 1.0):
        with pytest.raises(StatisticError):
            gaussian_mean(1.0, wrong)
        with pytest.raises(StatisticError):
            gaussian_epsilon(1.0, wrong)
    with pytest.raises(StatisticError):
        FdpEstimate(-1.0, 0.0, 1, 1, 1, 1e-5, 0.95, "replace-one")
