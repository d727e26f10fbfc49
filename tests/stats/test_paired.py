from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.paired import SignFlipTest, gap_change, sign_flip_test

differences = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


@given(differences)
def test_naive_version_of_sign_flips(values: list[int]) -> None:
    found = sign_flip_test(values, seed=1)
    sums = [abs(np.dot(signs, values)) for signs in product([1, -1], repeat=len(values))]
    assert found.exact
    assert found.statistic == sum(values)
    assert found.p_value == pytest.approx(np.mean(np.array(sums) >= abs(sum(values))))
    assert found.p_smallest == pytest.approx(np.mean(np.array(sums) == max(sums)))


def test_agrees_with_scipy() -> None:
    d = np.random.default_rng(2).normal(0.4, size=12)
    theirs = stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_test(d, seed=1).p_value == pytest.approx(theirs.pvalue)


def test_monte_carlo_agrees_with_the_binomial_test() -> None:
    """Differences of one size: the number of positive ones is binomial."""
    found = sign_flip_test(np.repeat([1.0, -1.0], [36, 18]), seed=3, relabellings=99_999)
    exact = stats.binomtest(36, 54).pvalue
    assert not found.exact
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 99_999))
    assert sign_flip_test(np.ones(60), seed=3, relabellings=999).p_value == 1 / 1000


@settings(max_examples=40)
@given(differences, st.randoms())
def test_invariances(values: list[int], random: object) -> None:
    before = sign_flip_test(values, seed=1)
    moved = [-0.1 * value for value in values] + [0.0] * 30
    random.shuffle(moved)  # type: ignore[attr-defined]
    after = sign_flip_test(moved, seed=1)
    assert (after.p_value, after.flips) == (before.p_value, before.flips)
    assert sign_flip_test([0.0, 0.0], seed=1).p_value == 1.0


def scores(rng: np.random.Generator, n1: int, n0: int, more: float, both: float) -> tuple[np.ndarray, ...]:
    """Accuracies of both checkpoints, alike canary by canary but for memorisation."""
    base = rng.beta(2, 10, n1 + n0)
    arm = np.arange(n1 + n0) < n1
    memorised = arm & (rng.random(n1 + n0) < both)
    newly = memorised | (arm & (rng.random(n1 + n0) < more))
    before, after = (np.clip(base + 0.05 * rng.normal(size=base.size), 0, 1) for _ in range(2))
    return np.where(memorised, 1.0, before), np.where(newly, 1.0, after), arm


def test_gap_change_from_its_parts() -> None:
    rng = np.random.default_rng(4)
    before, after, arm = scores(rng, 6, 5, 0.5, 0.2)
    strata = np.arange(11) % 2
    found = gap_change(before, after, arm, strata, seed=1)
    assert found.before == pytest.approx(before[arm].mean() - before[~arm].mean())
    assert found.after == pytest.approx(after[arm].mean() - after[~arm].mean())
    assert found.interval.estimate == pytest.approx(found.after - found.before)
    change = after - before
    assert found.interval == mean_gap(change[arm], change[~arm], bounds=(-1.0, 1.0))
    weighed = np.where(arm, change / 6, -change / 5)
    naive = [
        abs(np.dot(signs, weighed)) >= abs(weighed.sum()) - 1e-9 for signs in product([1, -1], repeat=11)
    ]
    assert found.flips.p_value == pytest.approx(np.mean(naive))
    gaps = []
    for chosen in combinations(range(11), 6):
        label = np.isin(np.arange(11), chosen)
        if (label & (strata == 0)).sum() == (arm & (strata == 0)).sum():
            gaps.append(change[label].mean() - change[~label].mean())
    sides = [np.mean(side * np.array(gaps) >= side * found.interval.estimate - 1e-9) for side in (1, -1)]
    assert found.arms_p_value == pytest.approx(min(1.0, 2 * min(sides)))


def test_one_checkpoint_against_itself() -> None:
    before, _, arm = scores(np.random.default_rng(1), 10, 20, 0.0, 0.5)
    found = gap_change(before, before, arm, np.zeros(30, int), seed=1)
    assert found.interval.estimate == 0.0
    assert (found.flips.p_value, found.arms_p_value) == (1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("both", [0.0, 0.5])
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (20, 60)])
def test_false_alarms_and_coverage(both: float, n1: int, n0: int) -> None:
    rng, alarms, missed, repeats = np.random.default_rng(n1), np.zeros(2), 0, 200
    for _ in range(repeats):
        before, after, arm = scores(rng, n1, n0, 0.0, both)
        found = gap_change(
            before, after, arm, np.zeros(n1 + n0, int), seed=1, confidence=0.9, relabellings=199
        )
        alarms += [found.flips.p_value <= 0.05, found.arms_p_value <= 0.05]
        missed += not found.interval.low <= 0.0 <= found.interval.high
    assert alarms.max() / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert missed / repeats <= 0.1


def test_power_and_a_checkpoint_that_is_better_at_everything() -> None:
    rng, found = np.random.default_rng(9), np.zeros((2, 2))
    for _ in range(40):
        before, after, arm = scores(rng, 20, 60, 0.4, 0.1)
        for row, better in enumerate((0.0, 0.3)):
            result = gap_change(
                before, np.clip(after + better, 0, 1), arm, np.zeros(80, int), seed=1, relabellings=199
            )
            found[row] += [result.flips.p_value <= 0.05, result.arms_p_value <= 0.05]
    assert found[0].min() >= 32
    # The relabelling of arms is no weaker for what both arms gained.
    assert found[1, 1] >= found[1, 0]


def test_refusals() -> None:
    arm = np.array([True, False])
    for before, after, inserted in [
        ([0.5, 1.5], [0.5, 0.5], arm),
        ([0.5], [0.5, 0.5], arm),
        ([0.5, 0.5], [0.5, 0.5], np.array([True, True])),
        ([0.5, 0.5], [0.5, 0.5], np.array([True])),
    ]:
        with pytest.raises(StatisticError):
            gap_change(before, after, inserted, [0, 0], seed=1)
    with pytest.raises(StatisticError):
        sign_flip_test([], seed=1)
    with pytest.raises(StatisticError):
        sign_flip_test([1.0], seed=1, relabellings=0)
    with pytest.raises(StatisticError):
        SignFlipTest(0.0, 0.0, 0.0, True, 1)
