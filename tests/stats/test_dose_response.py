from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, logit

from memaudit.stats.checks import StatisticError
from memaudit.stats.dose_response import DoseResponse, dose_response
from memaudit.stats.floored_logistic import Counts, likelihood, profile

DOSES = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
TYPICAL = np.array([0, 1, 6, 14, 19])


def naive_likelihood(
    recalled: np.ndarray, n: int, k0: int, n0: int, half: float, slope: float, floor: float
) -> float:
    total = stats.binom.logpmf(k0, n0, floor)
    for dose, k in zip(DOSES, recalled, strict=True):
        odds = math.exp(slope * (math.log2(dose) - half)) * (0.5 - floor) / 0.5
        total += stats.binom.logpmf(k, n, floor + (1 - floor) * odds / (1 + odds))
    return float(total)


@given(st.floats(-3, 7), st.floats(0.1, 3), st.floats(0.001, 0.4))
def test_naive_likelihood(half: float, slope: float, floor: float) -> None:
    counts = Counts(np.log2(DOSES), TYPICAL.astype(float), np.full(5, 20.0), 3, 120)
    constant = stats.binom.logpmf(3, 120, 0.025) - (3 * math.log(0.025) + 117 * math.log(0.975))
    constant += sum(math.log(math.comb(20, k)) for k in TYPICAL.tolist())
    ours = likelihood(counts, np.array([half]), np.array([math.log(slope)]), np.array([floor]))[0]
    assert ours + constant == pytest.approx(
        naive_likelihood(TYPICAL, 20, 3, 120, half, slope, floor), rel=1e-9
    )


@pytest.mark.parametrize("half", [-1.0, 1.5, 2.5, 6.0])
def test_profile_is_the_maximum_that_an_optimiser_finds(half: float) -> None:
    counts = Counts(np.log2(DOSES), TYPICAL.astype(float), np.full(5, 20.0), 3, 120)
    value, slope, floor = profile(counts, np.array([half]))

    def loss(parameters: np.ndarray) -> float:
        log_slope, spread = parameters
        return -float(
            likelihood(counts, np.array([half]), np.array([log_slope]), np.array([0.5 * expit(spread)]))[0]
        )

    found = min(
        (
            minimize(loss, [a, b], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
            for a in (-2, 0, 1)
            for b in (-4, -1)
        ),
        key=lambda result: result.fun,
    )
    assert value[0] == pytest.approx(-found.fun, abs=1e-5)
    if slope[0] > 0.01:
        assert slope[0] == pytest.approx(math.exp(found.x[0]), rel=0.02)
        assert floor[0] == pytest.approx(0.5 * expit(found.x[1]), abs=0.005)


def test_agrees_with_logistic_regression_where_there_is_no_floor() -> None:
    """Many held-out canaries, none read: an ordinary logistic regression, from statsmodels."""
    recalled, x = np.array([2, 4, 9, 15, 19]), np.log2(DOSES)
    model = sm.GLM(
        np.stack([recalled, 20 - recalled], 1), sm.add_constant(x), family=sm.families.Binomial()
    ).fit()
    intercept, slope = model.params
    found = dose_response(DOSES, recalled, [20] * 5, 0, 10**7)
    assert found.half == pytest.approx(2 ** (-intercept / slope), rel=1e-3)
    assert found.slope == pytest.approx(slope, rel=1e-3)
    # The limits by the same regression: slope only, since the curve is held at one half at the limit.
    allowed = stats.f.ppf(0.95, 1, 20)
    for limit in (found.low, found.high):
        held = sm.GLM(
            np.stack([recalled, 20 - recalled], 1),
            (x - math.log2(limit))[:, None],
            family=sm.families.Binomial(),
        ).fit()
        assert held.deviance - model.deviance == pytest.approx(allowed, abs=0.01)


def test_a_step_is_put_in_the_middle_of_where_it_can_be() -> None:
    found = dose_response(DOSES, [0, 0, 0, 20, 20], [20] * 5, 0, 120)
    assert found.half == pytest.approx(math.sqrt(32))
    assert 4 < found.low < found.half < found.high < 8


def test_not_reached_and_already_reached() -> None:
    none = dose_response(DOSES, [0] * 5, [20] * 5, 1, 120)
    assert (none.status, none.half, none.high) == ("not reached", None, math.inf)
    assert none.low > 16
    every = dose_response(DOSES, [20] * 5, [20] * 5, 1, 120)
    assert (every.status, every.half, every.low) == ("already reached", None, 0.0)
    assert every.high < 1
    beyond = dose_response(DOSES, [0, 0, 1, 2, 5], [20] * 5, 0, 120)
    assert beyond.status == "not reached"
    assert 16 < beyond.low < beyond.high < math.inf
    flat = dose_response(DOSES, [4] * 5, [20] * 5, 1, 120)
    assert (flat.status, flat.high) == ("not reached", math.inf)


def test_held_out_canaries_that_are_read_leave_it_undefined() -> None:
    found = dose_response(DOSES, [10, 12, 15, 18, 20], [20] * 5, 70, 120)
    assert (found.status, found.half, found.low, found.high) == ("undefined", None, 0.0, math.inf)
    assert found.floor == pytest.approx(70 / 120)


def test_the_floor_is_not_taken_for_recall() -> None:
    """A third of all canaries is read anyway: the same counts mean a later half than with no floor."""
    with_floor = dose_response(DOSES, [7, 7, 8, 12, 18], [20] * 5, 40, 120)
    assert with_floor.floor == pytest.approx(1 / 3, abs=0.05)
    assert with_floor.half is not None
    assert 4 < with_floor.half < 8


counts_per_dose = st.lists(st.integers(0, 12), min_size=5, max_size=5)


@settings(max_examples=15)
@given(counts_per_dose, st.integers(0, 9))
def test_invariances(recalled: list[int], floor_recalled: int) -> None:
    found = dose_response(DOSES, recalled, [12] * 5, floor_recalled, 40)
    assert 0 <= found.low <= found.high
    order = [3, 0, 4, 1, 2]
    shuffled = dose_response(DOSES[order], [recalled[i] for i in order], [12] * 5, floor_recalled, 40)
    assert (shuffled.status, shuffled.low, shuffled.high) == (
        found.status,
        pytest.approx(found.low, rel=1e-3),
        pytest.approx(found.high, rel=1e-3),
    )
    scaled = dose_response(4 * DOSES, recalled, [12] * 5, floor_recalled, 40)
    assert (scaled.low, scaled.high) == (
        pytest.approx(4 * found.low, rel=1e-3),
        pytest.approx(4 * found.high, rel=1e-3),
    )
    narrower = dose_response(DOSES, recalled, [12] * 5, floor_recalled, 40, 0.8)
    assert narrower.low >= found.low * (1 - 1e-6)
    assert narrower.high <= found.high * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("half", "slope", "floor", "n", "n0"),
    [(4.0, 2.0, 0.0, 10, 40), (4.0, 1.0, 0.05, 20, 120)],
)
def test_simulated_coverage(half: float, slope: float, floor: float, n: int, n0: int) -> None:
    rate = floor + (1 - floor) * expit(slope * np.log2(DOSES / half) + logit((0.5 - floor) / (1 - floor)))
    rng, repeats, missed = np.random.default_rng(2), 80, 0
    for _ in range(repeats):
        found = dose_response(DOSES, rng.binomial(n, rate), [n] * 5, int(rng.binomial(n0, floor)), n0, 0.9)
        missed += not found.low <= half <= found.high
    assert missed / repeats <= 0.1 + 3 * math.sqrt(0.09 / repeats)


def test_refusals() -> None:
    for doses, recalled, n, k0, n0 in [
        ([1.0], [1], [20], 0, 10),
        ([1.0, 1.0], [1, 1], [20, 20], 0, 10),
        ([0.0, 1.0], [1, 1], [20, 20], 0, 10),
        ([1.0, 2.0], [21, 1], [20, 20], 0, 10),
        ([1.0, 2.0], [0.5, 1], [20, 20], 0, 10),
        ([1.0, 2.0], [1], [20, 20], 0, 10),
        ([1.0, 2.0], [1, 1], [20, 20], 11, 10),
        ([1.0, 2.0], [1, 1], [20, 20], 0, 0),
    ]:
        with pytest.raises(StatisticError):
            dose_response(doses, recalled, n, k0, n0)
    with pytest.raises(StatisticError):
        DoseResponse("reached", None, 1.0, 2.0, 1.0, 0.0, 0.95)
