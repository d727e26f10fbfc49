"""Epsilon of DP-SGD against closed forms, another accountant and group privacy."""

from __future__ import annotations

import math

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
from scipy.optimize import brentq
from scipy.stats import norm

from memaudit.errors import UsageError
from memaudit.lab.privacy import INTERVAL, epsilon_of, noise_for
from memaudit.stats.group_privacy import group_delta

DELTA = 1e-5
RUN = {"sample_rate": 0.01, "steps": 200, "delta": DELTA}


def gaussian(mu: float, delta: float) -> float:
    """Epsilon of a Gaussian mechanism with that signal to noise (Balle and Wang 2018, theorem 8)."""

    def excess(epsilon: float) -> float:
        tail = math.exp(epsilon) * norm.cdf(-epsilon / mu - mu / 2)
        return float(norm.cdf(-epsilon / mu + mu / 2) - tail - delta)

    return float(brentq(excess, 0, 200))


@pytest.mark.parametrize(("noise", "steps", "copies"), [(2.0, 1, 1), (8.0, 9, 1), (12.0, 4, 3)])
def test_all_utterances_in_every_step_is_the_gaussian_mechanism(
    noise: float, steps: int, copies: int
) -> None:
    found = epsilon_of(noise, 1.0, steps, DELTA, copies=copies)
    exact = gaussian(copies * math.sqrt(steps) / noise, DELTA)
    assert exact <= found <= exact + 2 * INTERVAL


def test_one_sampled_step_is_its_closed_form() -> None:
    """The mixture (1 - q) N(0, s^2) + q N(1, s^2) against N(0, s^2), both ways, by numeric integration."""
    noise, rate = 0.7, 0.2
    grid = np.linspace(-12, 12, 400_001)
    out = norm.pdf(grid, 0, noise)
    within = (1 - rate) * out + rate * norm.pdf(grid, 1, noise)

    def excess(epsilon: float) -> float:
        one = np.maximum(within - math.exp(epsilon) * out, 0)
        other = np.maximum(out - math.exp(epsilon) * within, 0)
        return float(max(np.trapezoid(one, grid), np.trapezoid(other, grid)) - DELTA)

    exact = brentq(excess, 0, 50)
    assert exact - 1e-4 <= epsilon_of(noise, rate, 1, DELTA) <= exact + 2 * INTERVAL


def event(noise: float) -> dp_accounting.DpEvent:
    step = dp_accounting.PoissonSampledDpEvent(RUN["sample_rate"], dp_accounting.GaussianDpEvent(noise))
    return dp_accounting.SelfComposedDpEvent(step, RUN["steps"])


def test_a_run_is_between_a_fine_grid_and_renyi() -> None:
    found = epsilon_of(0.8, **RUN)
    fine = PLDAccountant(value_discretization_interval=1e-4).compose(event(0.8)).get_epsilon(DELTA)
    renyi = RdpAccountant().compose(event(0.8)).get_epsilon(DELTA)
    assert fine <= found <= fine + 0.1
    assert found < renyi


def test_the_first_published_figure() -> None:
    """Abadi et al. 2016, section 3.2: q = .01, noise 4, 10,000 steps, delta 1e-5 has epsilon below 1.26."""
    found = epsilon_of(4.0, 0.01, 10_000, 1e-5)
    assert 0.8 < found < 1.26


def test_groups_are_between_one_utterance_and_group_privacy() -> None:
    single = epsilon_of(0.8, **RUN)
    for copies in (2, 4):
        promised = float(group_delta(DELTA, single, [copies])[0])
        assert promised < 0.1
        run = {**RUN, "delta": promised}
        assert epsilon_of(0.8, **run) < epsilon_of(0.8, **run, copies=copies) < copies * single


def test_replacing_one_utterance_in_one_step_is_its_closed_form() -> None:
    """The mixtures (1 - q) N(0, s^2) + q N(1, s^2) and (1 - q) N(0, s^2) + q N(-1, s^2)."""
    noise, rate = 0.7, 0.2
    grid = np.linspace(-12, 12, 400_001)
    one, other = ((1 - rate) * norm.pdf(grid, 0, noise) + rate * norm.pdf(grid, m, noise) for m in (1, -1))

    def excess(epsilon: float) -> float:
        return float(np.trapezoid(np.maximum(one - math.exp(epsilon) * other, 0), grid) - DELTA)

    exact = brentq(excess, 0, 50)
    found = epsilon_of(noise, rate, 1, DELTA, adjacency="replace-one")
    assert exact - 1e-4 <= found <= exact + 2 * INTERVAL


def test_replacing_groups_in_every_step_is_bounded_by_twice_the_distance() -> None:
    """All utterances in every step: replacing r is a Gaussian mechanism of sensitivity 2 r."""
    found = epsilon_of(20.0, 1.0, 4, DELTA, copies=2, adjacency="replace-one")
    exact = gaussian(2 * 2 * math.sqrt(4) / 20.0, DELTA)
    assert epsilon_of(20.0, 1.0, 4, DELTA, copies=2) < exact <= found < 1.5 * exact


def test_without_noise_there_is_no_privacy() -> None:
    assert epsilon_of(0.0, **RUN) == math.inf


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_noise_gives_the_epsilon_that_was_asked_for(epsilon: float) -> None:
    noise = noise_for(epsilon, **RUN)
    assert epsilon_of(noise, **RUN) <= epsilon
    assert epsilon_of(noise - 0.002, **RUN) > epsilon


def test_noise_for_a_group() -> None:
    found = noise_for(1.0, **RUN, copies=2)
    assert epsilon_of(found, **RUN, copies=2) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise_multiplier": -1.0},
        {"noise_multiplier": math.nan},
        {"sample_rate": 0.0},
        {"sample_rate": 1.5},
        {"steps": 0},
        {"copies": 0},
        {"delta": 0.0},
        {"delta": 1.0},
    ],
)
def test_numbers_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        epsilon_of(**{"noise_multiplier": 1.0, **RUN, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.inf, math.nan, 1e-4, 1e4])
def test_an_epsilon_that_no_noise_gives(epsilon: float) -> None:
    with pytest.raises(UsageError, match="epsilon"):
        noise_for(epsilon, 1.0, 20, DELTA)
