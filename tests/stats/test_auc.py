from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.auc import auc
from memaudit.stats.checks import StatisticError

scores = st.lists(st.integers(0, 6), min_size=1, max_size=12)
Draw = Callable[[np.random.Generator, int], np.ndarray]


@settings(max_examples=40)
@given(scores, scores)
def test_naive_version_and_scipy(inserted: list[int], held_out: list[int]) -> None:
    found = auc(inserted, held_out)
    naive = np.mean([(s > h) + 0.5 * (s == h) for s in inserted for h in held_out])
    assert found.estimate == pytest.approx(naive)
    u = stats.mannwhitneyu(inserted, held_out).statistic
    assert found.estimate == pytest.approx(u / (len(inserted) * len(held_out)))
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_limits_by_random_weights_on_all_pairs() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(2, 9, 8), rng.integers(0, 7, 15)
    draws = 100_000
    w, v = rng.dirichlet(np.ones(9), draws), rng.dirichlet(np.ones(16), draws)
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    lower = np.einsum("di,ij,dj->d", w[:, :8], wins, v[:, :15])
    upper = w[:, 8] + np.einsum("di,ij,dj->d", w[:, :8], np.hstack([wins, np.ones((8, 1))]), v)
    found = auc(x, y)
    assert found.low == pytest.approx(np.quantile(lower, 0.025), abs=0.006)
    assert found.high == pytest.approx(np.quantile(upper, 0.975), abs=0.006)


def test_perfect_separation_is_the_product_of_two_rates() -> None:
    found = auc(np.arange(5) + 100.0, np.arange(20.0))
    rng = np.random.default_rng(1)
    product = rng.beta(5, 1, 400_000) * rng.beta(20, 1, 400_000)
    assert found.high == 1.0
    assert found.low == pytest.approx(np.quantile(product, 0.025), abs=0.01)


@settings(max_examples=40)
@given(scores, scores, st.randoms())
def test_invariances(inserted: list[int], held_out: list[int], random: object) -> None:
    before = auc(inserted, held_out)
    shuffled = list(held_out)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert auc([math.exp(s) for s in inserted[::-1]], [math.exp(s) for s in shuffled]) == before
    mirrored = auc([-s for s in inserted], [-s for s in held_out])
    assert mirrored.estimate == pytest.approx(1 - before.estimate)
    # The same law, read from other random weights.
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - before.high, 1 - before.low), abs=0.02)


def test_many_ranks_are_rounded_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(0.7, size=300), rng.normal(size=2000)
    rounded = auc(x, y)
    monkeypatch.setattr("memaudit.stats.auc.STEPS", 10**6)
    full = auc(x, y)
    assert rounded.estimate == full.estimate
    assert (rounded.low, rounded.high) == pytest.approx((full.low, full.high), abs=0.002)


SCENES: dict[str, tuple[Draw, float]] = {
    "no memorisation": (lambda rng, n: rng.normal(size=n), 0.5),
    "nine of ten memorised": (lambda rng, n: np.where(rng.random(n) < 0.9, 9.0, rng.normal(size=n)), 0.95),
    "all alike": (lambda rng, n: np.full(n, stats.norm.ppf(0.95)), 0.95),
    "two kinds": (lambda rng, n: np.where(rng.random(n) < 0.5, -9.0, 9.0), 0.5),
    "shifted": (lambda rng, n: rng.normal(1.0, 1.0, n), float(stats.norm.cdf(math.sqrt(0.5)))),
}


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (20, 120)])
def test_simulated_coverage(scene: str, n1: int, n0: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memaudit.stats.rank_weights.DRAWS", 2000)
    draw, truth = SCENES[scene]
    rng, repeats, below, above = np.random.default_rng(n1), 200, 0, 0
    for _ in range(repeats):
        found = auc(draw(rng, n1), rng.normal(size=n0), 0.9)
        below += found.high < truth - 1e-9
        above += found.low > truth + 1e-9
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


# Accuracies: chances of 0, 0.1, ..., 1 in each arm.
TIED: dict[str, tuple[list[float], list[float]]] = {
    "all zero": ([1.0] + [0.0] * 10, [1.0] + [0.0] * 10),
    "nine of ten at zero": ([0.9] + [0.01] * 10, [0.9] + [0.01] * 10),
    "some read, most not": ([0.6] + [0.0] * 9 + [0.4], [0.95, 0.05] + [0.0] * 9),
}


@pytest.mark.slow
@pytest.mark.parametrize("scene", TIED)
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (20, 120)])
def test_simulated_coverage_with_ties(scene: str, n1: int, n0: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memaudit.stats.rank_weights.DRAWS", 2000)
    first, second = (np.array(chances) / np.sum(chances) for chances in TIED[scene])
    wins = np.tri(11, k=-1) + np.eye(11) / 2
    truth = float(first @ wins @ second)
    rng, repeats, below, above = np.random.default_rng(n1), 200, 0, 0
    for _ in range(repeats):
        found = auc(rng.choice(11, n1, p=first), rng.choice(11, n0, p=second), 0.9)
        below += found.high < truth - 1e-9
        above += found.low > truth + 1e-9
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    for inserted, held_out in [([], [1.0]), ([1.0], []), ([math.nan], [1.0])]:
        with pytest.raises(StatisticError):
            auc(inserted, held_out)
