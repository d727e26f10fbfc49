from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.stats.checkpoint_flips import flipped_changes
from memaudit.stats.checks import StatisticError
from memaudit.stats.exposure import exposure
from memaudit.stats.exposure_mean import expected_exposure
from memaudit.stats.paired_exposure import ExposureChange, exposure_change
from memaudit.stats.paired_exposure_limits import exposure_change_limits

scored = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=10)


@settings(max_examples=20)
@given(scored, scored)
def test_values_are_differences_of_exposures(
    inserted: list[tuple[int, int]], held_out: list[tuple[int, int]]
) -> None:
    (a, b), (c, d) = zip(*inserted, strict=True), zip(*held_out, strict=True)
    found = exposure_change(a, c, b, d, seed=1, flips=20)
    first, second = exposure(a, c), exposure(b, d)
    assert found.values == pytest.approx(second.values - first.values)
    assert (found.before, found.after) == pytest.approx((first.mean, second.mean))
    assert found.interval.estimate == pytest.approx(second.mean - first.mean)
    was, now = [s > max(c) for s in a], [s > max(d) for s in b]
    assert found.membership.tolist() == [int(y) - int(x) for x, y in zip(was, now, strict=True)]
    assert found.kept == sum(x and y for x, y in zip(was, now, strict=True))
    assert found.gained - found.lost == sum(now) - sum(was)
    back = exposure_change(b, d, a, c, seed=1, flips=20)
    assert back.values == pytest.approx(-found.values)
    assert (back.p_value, back.membership_p_value) == (found.p_value, found.membership_p_value)
    assert (back.interval.low, back.interval.high) == pytest.approx(
        (-found.interval.high, -found.interval.low), abs=0.35
    )


def test_naive_version_of_the_exchanges() -> None:
    """All 2^7 exchanges one by one; drawn ones are each of them about equally often."""
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 6, 7).astype(float), rng.integers(0, 6, 7).astype(float)
    arm = np.arange(7) < 3

    def statistics(swap: tuple[bool, ...]) -> tuple[float, float]:
        x, y = np.where(swap, second, first), np.where(swap, first, second)
        before, after = exposure(x[arm], x[~arm]).values, exposure(y[arm], y[~arm]).values
        members = (y[arm] > y[~arm].max()).sum() - (x[arm] > x[~arm].max()).sum()
        return round(float((after - before).mean()), 9), float(members)

    naive = [statistics(swap) for swap in product([False, True], repeat=7)]
    changes, members = flipped_changes(first, second, arm, 6_000, np.random.default_rng(1))
    assert (round(changes[0], 9), members[0]) == naive[0]
    drawn = Counter(zip(np.round(changes, 9).tolist(), members.tolist(), strict=True))
    assert set(drawn) == set(naive)
    for outcome in set(naive):
        share = naive.count(outcome) / 128
        assert drawn[outcome] / 6_001 == pytest.approx(share, abs=5 * np.sqrt(share / 6_000))
    sizes = np.abs([change for change, _ in naive])
    found = exposure_change(first[arm], first[~arm], second[arm], second[~arm], seed=1, flips=6_000)
    assert found.p_value == pytest.approx((sizes >= sizes[0] - 1e-9).mean(), abs=0.02)


def test_work_in_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    first, second, arm = rng.normal(size=30), rng.normal(size=30), np.arange(30) < 10
    whole = flipped_changes(first, second, arm, 50, np.random.default_rng(7))
    monkeypatch.setattr("memaudit.stats.checkpoint_flips.CHUNK", 100)
    pieces = flipped_changes(first, second, arm, 50, np.random.default_rng(7))
    assert [part.tolist() for part in pieces] == [part.tolist() for part in whole]


def test_limits_by_random_weights_one_draw_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    a, b, c, d = rng.normal(1, 1, 6), rng.normal(1, 1, 6), rng.normal(size=15), rng.normal(size=15)
    low, high = exposure_change_limits((a, b), (c, d), 0.95)
    reach = float(np.diff(expected_exposure(np.array([1.0, 0.0]), 15))[0])
    lowers = []
    for _ in range(4000):
        w, v = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(16))
        change = -w[6] * reach
        for weight, x, y in zip(w, a, b, strict=False):
            before, after = v[:15][c >= x].sum(), min(v[:15][d >= y].sum() + v[15], 1.0)
            psi = expected_exposure(np.array([before, after]), 15)
            change += weight * (psi[1] - psi[0])
        lowers.append(change)
    assert low == pytest.approx(np.quantile(lowers, 0.05), abs=0.1)
    monkeypatch.setattr("memaudit.stats.paired_exposure_limits.CHUNK", 500)
    assert exposure_change_limits((a, b), (c, d), 0.95) == pytest.approx((low, high), abs=0.1)


def pair_of_checkpoints(
    rng: np.random.Generator, n1: int, n0: int, scene: str, after: float = 0.0
) -> tuple[np.ndarray, ...]:
    arm = np.arange(n1 + n0) < n1
    canary, more = rng.normal(size=arm.size), np.zeros(arm.size)
    if scene == "half memorised":
        more = np.where(arm & (rng.random(arm.size) < 0.5), 9.0, 0.0)
    elif scene == "a little":
        more = np.where(arm, 1.0, 0.0)
    x, y = (0.9 * canary + 0.45 * rng.normal(size=arm.size) + more for _ in range(2))
    y = y + after * arm
    if scene == "tied":
        x, y = np.maximum(np.round(x), 1.0), np.maximum(np.round(y), 1.0)
    return x[arm], x[~arm], y[arm], y[~arm]


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["no memorisation", "a little", "half memorised", "tied"])
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (40, 20)])
def test_like_checkpoints(scene: str, n1: int, n0: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More inserted than held-out canaries is where flipping signs alone finds changes in up to 47 %."""
    monkeypatch.setattr("memaudit.stats.paired_exposure_limits.DRAWS", 1000)
    rng, alarms, missed, repeats = np.random.default_rng(n1), np.zeros(2), np.zeros(2), 120
    for _ in range(repeats):
        found = exposure_change(*pair_of_checkpoints(rng, n1, n0, scene), seed=1, confidence=0.9, flips=199)
        alarms += [found.p_value <= 0.05, found.membership_p_value <= 0.05]
        missed += [found.interval.low > 0, found.interval.high < 0]
    assert alarms.max() / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert missed.max() / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)


def test_a_change_is_found() -> None:
    rng = np.random.default_rng(8)
    shown = []
    for _ in range(20):
        found = exposure_change(*pair_of_checkpoints(rng, 20, 120, "no memorisation", 4.0), seed=1, flips=199)
        shown.append((found.p_value <= 0.05, found.membership_p_value <= 0.05, found.interval.low > 0))
    assert np.mean(shown, axis=0).min() >= 0.9


def test_one_checkpoint_against_itself() -> None:
    found = exposure_change([1.0, np.inf, -np.inf], [0.0, 2.0], [1.0, np.inf, -np.inf], [0.0, 2.0], seed=1)
    assert found.values.tolist() == [0.0, 0.0, 0.0]
    assert (found.p_value, found.membership_p_value) == (1.0, 1.0)
    assert (found.gained, found.lost, found.kept) == (0, 0, 1)


def test_refusals() -> None:
    for a, b, c, d in [
        ([1.0], [1.0], [1.0, 2.0], [1.0]),
        ([1.0], [1.0], [1.0], [1.0, 2.0]),
        ([], [1.0], [], [1.0]),
        ([1.0], [], [1.0], []),
        ([np.nan], [1.0], [1.0], [1.0]),
    ]:
        with pytest.raises(StatisticError):
            exposure_change(a, b, c, d, seed=1)
    with pytest.raises(StatisticError):
        exposure_change([1.0], [1.0], [1.0], [1.0], seed=1, flips=0)
    interval = exposure_change([1.0], [1.0], [1.0], [1.0], seed=1).interval
    with pytest.raises(StatisticError):
        ExposureChange(np.zeros(1), interval, 0.0, 0.0, 0.0, np.zeros(1, int), 0, 0, 0, 1.0, 9)
