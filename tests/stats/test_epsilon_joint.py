from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from memaudit.stats.checks import StatisticError
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_bound import EpsilonBound
from memaudit.stats.epsilon_joint import joint_epsilon, joint_p_value
from memaudit.stats.group_privacy import VacuousBoundError, group_delta
from memaudit.stats.poisson_binomial import binomial_law, count_law

levels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3)


def naive_p_value(copies: list[int], guesses: list[int], correct: int, epsilon: float, delta: float) -> float:
    """Every outcome of every guess, one by one."""
    each = [r for r, n in zip(copies, guesses, strict=True) for _ in range(n)]
    chance = [0.0] * (len(each) + 1)
    for outcome in product([0, 1], repeat=len(each)):
        weight = 1.0
        for right, r in zip(outcome, each, strict=True):
            q = math.exp(r * epsilon) / (1 + math.exp(r * epsilon))
            weight *= q if right else 1 - q
        chance[sum(outcome)] += weight
    slack = 2 * sum(sum(delta * math.exp(i * epsilon) for i in range(r)) for r in each)
    window = max((sum(chance[max(correct - i, 0) : correct]) / i for i in range(1, 11)), default=0.0)
    return min(1.0, sum(chance[correct:]) + slack * window)


@given(levels, st.integers(0, 9), st.floats(0, 3), st.sampled_from([0.0, 1e-4, 0.01]))
def test_naive_p_value(table: list[tuple[int, int]], correct: int, epsilon: float, delta: float) -> None:
    copies, guesses = [1, 2, 5], [row[0] for row in table]
    correct = min(correct, sum(guesses))
    ours = joint_p_value(
        np.array(copies, dtype=float), np.array(guesses), np.array(guesses), correct, epsilon, delta
    )
    assert ours == pytest.approx(naive_p_value(copies, guesses, correct, epsilon, delta), abs=1e-12)


def test_laws_against_scipy() -> None:
    assert binomial_law(40, 0.3) == pytest.approx(stats.binom.pmf(np.arange(41), 40, 0.3), rel=1e-10)
    numbers, chances = np.array([3, 0, 20, 7]), np.array([0.9, 0.1, 0.52, 0.999])
    law = count_law(numbers, chances)
    assert law.sum() == pytest.approx(1.0)
    if hasattr(stats, "poisson_binom"):
        theirs = stats.poisson_binom.pmf(np.arange(31), np.repeat(chances, numbers))
        assert law == pytest.approx(theirs, abs=1e-12)
    mean = float(numbers @ chances)
    assert np.arange(31) @ law == pytest.approx(mean)
    assert (np.arange(31) - mean) ** 2 @ law == pytest.approx(float(numbers @ (chances * (1 - chances))))


@pytest.mark.parametrize(
    ("canaries", "guesses", "correct", "delta", "epsilon"),
    [
        (1000, 100, 75, 1e-4, 0.673),
        (100_000, 1510, 1439, 1e-5, 2.675),
        (20, 20, 20, 0.0, 1.82),
        (100, 100, 100, 0.0, 3.49),
        # jax-privacy 2.0.0, auditing._epsilon_one_run(0, m, r, v, .05, delta).
        (500, 120, 100, 1e-5, 1.19058),
        (200, 200, 130, 1e-3, 0.339398),
        (50, 20, 19, 1e-4, 1.278391),
        (2000, 300, 299, 1e-6, 4.134154),
    ],
)
def test_published_values_of_one_level(
    canaries: int, guesses: int, correct: int, delta: float, epsilon: float
) -> None:
    found = joint_epsilon([1], [guesses], [correct], "replace-one", delta=delta, coins=[canaries])
    digits = 1.01e-3 if epsilon == 2.675 else 0.005 if delta == 0 else 5.1e-4
    assert found.epsilon == pytest.approx(epsilon, abs=digits)


def test_values_of_jax_privacy_where_it_is_installed() -> None:
    auditing = pytest.importorskip("jax_privacy.auditing")
    for m, r, v, delta in [(300, 80, 70, 1e-5), (90, 90, 70, 1e-3), (40, 25, 25, 1e-4)]:
        theirs = auditing._epsilon_one_run(0.0, m, r, v, 0.05, delta)
        assert one_run_epsilon(r, v, 0.95, delta, m) == pytest.approx(theirs, abs=2e-6)
        ours = joint_epsilon([1], [r], [v], "replace-one", delta=delta, coins=[m])
        assert ours.epsilon == pytest.approx(theirs, abs=2e-6)


@given(st.integers(0, 30), st.integers(1, 16), st.sampled_from([0.9, 0.95]))
def test_one_level_is_the_one_run_bound_divided_by_the_copies(
    correct: int, copies: int, confidence: float
) -> None:
    found = joint_epsilon([copies], [30], [correct], "add-remove", confidence)
    assert found.epsilon == pytest.approx(one_run_epsilon(30, correct, confidence) / copies, abs=1e-8)
    assert found.ceiling == pytest.approx(one_run_epsilon(30, 30, confidence) / copies, abs=1e-8)
    assert found.adjacency == "add-remove"


@given(st.lists(st.integers(0, 20), min_size=3, max_size=3), st.sampled_from([0.0, 1e-5, 1e-3]))
def test_monotone(correct: list[int], delta: float) -> None:
    def bound(right: list[int], delta: float = delta, confidence: float = 0.95) -> float:
        found = joint_epsilon([1, 4, 16], [20] * 3, right, "replace-one", confidence, delta)
        assert 0 <= found.epsilon <= found.ceiling
        return found.epsilon

    here = bound(correct)
    assert bound(correct[::-1]) == pytest.approx(here)
    assert bound([max(correct[0] - 1, 0), *correct[1:]]) <= here + 1e-9
    assert bound(correct, delta + 1e-3) <= here + 1e-9
    assert bound(correct, confidence=0.9) >= here - 1e-9


def test_more_levels_show_more() -> None:
    alone = [joint_epsilon([r], [20], [20], "replace-one").epsilon for r in (1, 2, 4, 8, 16)]
    together = joint_epsilon([1, 2, 4, 8, 16], [20] * 5, [20] * 5, "replace-one").epsilon
    assert together > max(alone)
    assert together == pytest.approx(1.9725, abs=1e-4)


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("sizes", [[20, 20, 20], [60, 5, 0]])
def test_randomised_response_on_each_copy_is_overestimated_in_no_more_than_5_percent(
    epsilon: float, sizes: list[int]
) -> None:
    """Exactly, not simulated: the worst mechanism that is epsilon-DP for one copy, r copies of each."""
    copies = np.array([1.0, 2.0, 4.0])
    law = count_law(np.array(sizes), expit(copies * epsilon))
    bounds = np.array([_bound_from_total(copies, sizes, v) for v in range(sum(sizes) + 1)])
    assert law[bounds > epsilon + 1e-8].sum() <= 0.05 + 1e-9
    # A bound that nothing can exceed would hold as well.
    assert bounds.max() > epsilon or epsilon == 2.0


def _bound_from_total(copies: np.ndarray, sizes: list[int], total: int) -> float:
    correct = [min(total, sizes[0])]
    correct.append(min(total - correct[0], sizes[1]))
    correct.append(total - sum(correct))
    return joint_epsilon(copies, sizes, correct, "replace-one").epsilon


@pytest.mark.parametrize("epsilon", [0.5, 1.0])
@pytest.mark.parametrize("delta", [1e-4, 2e-3])
@pytest.mark.parametrize("leak", ["each coin", "all coins at once"])
def test_leaks_that_delta_allows_are_no_epsilon(epsilon: float, delta: float, leak: str) -> None:
    """Exactly: randomised response, but with chance delta a copy tells its coin, or the run tells all."""
    copies, sizes = np.array([1.0, 2.0]), [25, 15]
    chances = expit(copies * epsilon)
    if leak == "each coin":
        # r copies tell it with chance 1 - (1 - delta)^r, which is below delta_r.
        told = 1 - (1 - delta) ** copies
        law = count_law(np.array(sizes), told + (1 - told) * chances)
    else:
        law = (1 - delta) * count_law(np.array(sizes), chances)
        law[-1] += delta
    bounds = []
    for v in range(41):
        correct = [min(v, 25), v - min(v, 25)]
        bounds.append(joint_epsilon(copies, sizes, correct, "replace-one", delta=delta).epsilon)
    assert law[np.array(bounds) > epsilon + 1e-8].sum() <= 0.05 + 1e-9


def test_group_delta_is_what_repeated_steps_give() -> None:
    for r in (1, 2, 5, 16):
        step = 0.0
        for _ in range(r):
            step = math.exp(0.3) * step + 1e-5
        assert group_delta(1e-5, 0.3, [r])[0] == pytest.approx(step)
    assert group_delta(1e-5, 0.0, [1, 4]).tolist() == pytest.approx([1e-5, 4e-5])
    assert group_delta(1e-5, 1e-7, [4])[0] == pytest.approx(4e-5, rel=1e-5)
    assert group_delta(0.0, 900.0, [16]).tolist() == [0.0]
    assert group_delta(1e-5, 900.0, [16])[0] == math.inf


def test_refusal_where_delta_makes_the_bound_vacuous() -> None:
    with pytest.raises(VacuousBoundError, match="20 guesses show nothing"):
        joint_epsilon([16], [20], [20], "replace-one", delta=1e-2)
    # Too few guesses are not delta's fault: they show nothing, and that is said as 0.
    assert joint_epsilon([1], [4], [4], "replace-one", delta=1e-6).epsilon == 0.0
    assert joint_epsilon([16], [20], [20], "replace-one", delta=1e-6).epsilon > 0.0
    pure = joint_epsilon([16], [20], [20], "replace-one").ceiling
    assert joint_epsilon([16], [20], [20], "replace-one", delta=1e-6).ceiling < pure


def test_refusals() -> None:
    for copies, guesses, correct in [
        ([1, 1], [5, 5], [1, 1]),
        ([0.5], [5], [1]),
        ([1], [5], [6]),
        ([1], [5], [-1]),
        ([1], [5, 5], [1]),
        ([1], [2.5], [1]),
        ([], [], []),
    ]:
        with pytest.raises(StatisticError):
            joint_epsilon(copies, guesses, correct, "replace-one")
    with pytest.raises(StatisticError):
        joint_epsilon([1], [5], [5], "replace-one", delta=1.0)
    with pytest.raises(StatisticError):
        joint_epsilon([1], [5], [5], "both")  # type: ignore[arg-type]
    with pytest.raises(StatisticError):
        EpsilonBound(2.0, 1.0, 5, 5, 5, 0.0, 0.95, "replace-one")
    for delta, epsilon, times in [(-0.1, 1.0, [1]), (0.1, -1.0, [1]), (0.1, 1.0, [0])]:
        with pytest.raises(StatisticError):
            group_delta(delta, epsilon, times)
