from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.exposure import (
    Exposure,
    exposure,
    exposure_ceiling,
    exposure_null_mean,
    exposures,
    held_out_at_least,
    reference_for_ceiling,
)
from memaudit.stats.exposure_mean import _exposure_table, expected_exposure, exposure_mean_limits

scores = st.lists(st.integers(0, 6), min_size=1, max_size=12)
Draw = Callable[[np.random.Generator, int], np.ndarray]


@settings(max_examples=40)
@given(scores, scores)
def test_naive_version(inserted: list[int], held_out: list[int]) -> None:
    found = exposure(inserted, held_out)
    naive = [math.log2(len(held_out)) - math.log2(1 + sum(h >= s for h in held_out)) for s in inserted]
    assert found.values.tolist() == pytest.approx(naive)
    assert found.mean == pytest.approx(sum(naive) / len(naive))
    assert found.median == pytest.approx(float(np.median(naive)))
    assert (found.n, found.reference) == (len(inserted), len(held_out))
    assert found.low <= found.mean <= found.high <= found.ceiling == math.log2(len(held_out))


@settings(max_examples=40)
@given(scores, scores, st.randoms())
def test_only_the_order_of_scores_counts(inserted: list[int], held_out: list[int], random: object) -> None:
    before = exposure(inserted, held_out)
    shuffled = list(held_out)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    after = exposure([math.exp(s) for s in inserted], [math.exp(s) for s in shuffled])
    assert (after.mean, after.low, after.high) == (before.mean, before.low, before.high)
    assert after.values.tolist() == before.values.tolist()


@settings(max_examples=40)
@given(scores, scores, st.data())
def test_a_higher_score_never_lowers_anything(
    inserted: list[int], held_out: list[int], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(inserted) - 1))
    raised = [*inserted[:at], inserted[at] + data.draw(st.integers(0, 6)), *inserted[at + 1 :]]
    before, after = exposure(inserted, held_out), exposure(raised, held_out)
    assert (after.values >= before.values).all()
    assert after.mean >= before.mean - 1e-12
    # The limits are read from random weights, which are drawn anew for other ranks.
    assert after.low >= before.low - 0.15
    assert after.high >= before.high - 0.15


def test_values_alone_are_those_of_the_whole() -> None:
    inserted, held_out = [3.0, 1.0, 2.0, -5.0], [0.0, 2.0, 1.5]
    assert exposures(inserted, held_out).tolist() == exposure(inserted, held_out).values.tolist()
    assert exposures([], held_out).size == 0
    with pytest.raises(StatisticError, match="held_out"):
        exposures(inserted, [])


def test_ties_count_against_the_claim() -> None:
    assert exposure([1.0], [1.0] * 8).values.tolist() == [pytest.approx(math.log2(8 / 9))]
    assert exposure([1.5], [1.0] * 8).values.tolist() == [3.0]
    assert exposure([math.inf, -math.inf], [0.0] * 4).values.tolist() == [
        2.0,
        pytest.approx(math.log2(4 / 5)),
    ]
    assert held_out_at_least(np.array([0.5, 2.0]), np.array([0.5, 0.5, 1.0])).tolist() == [3, 0]


@pytest.mark.parametrize("n", [1, 2, 20, 100, 120, 1000])
def test_null_mean_by_adding_up_ranks(n: int) -> None:
    ranks = np.arange(1, n + 2)
    assert exposure_null_mean(n) == pytest.approx((np.log2(n) - np.log2(ranks)).mean())


def test_published_null_means_and_ceilings() -> None:
    assert exposure_null_mean(100) == pytest.approx(1.38, abs=0.005)
    assert exposure_null_mean(10**7) == pytest.approx(1 / math.log(2), abs=1e-5)
    assert exposure_ceiling(120) == pytest.approx(6.91, abs=0.005)
    assert [reference_for_ceiling(bits) for bits in (0, 3, 3.1, 10)] == [1, 8, 9, 1024]


def test_null_mean_is_what_null_audits_give() -> None:
    rng = np.random.default_rng(9)
    means = [exposure_values(rng.normal(size=10), rng.normal(size=30)).mean() for _ in range(4000)]
    assert np.mean(means) == pytest.approx(exposure_null_mean(30), abs=4 * np.std(means) / np.sqrt(4000))


def exposure_values(inserted: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    return np.log2(held_out.size) - np.log2(1 + held_out_at_least(inserted, held_out))


@pytest.mark.parametrize("n", [1, 5, 20, 120, 2000])
def test_expected_exposure_by_adding_up_the_binomial(n: int) -> None:
    p = np.array([0.0, 1e-5, 0.001, 0.02, 0.3, 0.9, 1.0])
    k = np.arange(n + 1)
    naive = [np.log2(n) - stats.binom.pmf(k, n, each) @ np.log2(1 + k) for each in p]
    assert expected_exposure(p, n) == pytest.approx(np.array(naive), abs=2e-5)
    grid, table, _ = _exposure_table(n)
    between = np.random.default_rng(n).random(1000) ** 4
    looked_up = np.interp(np.log1p(n * between), grid, table)
    assert expected_exposure(between, n) == pytest.approx(looked_up, abs=1e-12)
    assert table[-1] == pytest.approx(np.log2(n / (n + 1)), abs=1e-9)


def test_one_canary_above_all_has_the_limits_of_one_rate() -> None:
    """One inserted score: p is no more than a Beta(1, N) number, and the lowest exposure is mixed in."""
    n, rng = 50, np.random.default_rng(2)
    p = rng.beta(1, n, 400_000)
    weight = rng.random(400_000)
    naive = weight * expected_exposure(p, n) + (1 - weight) * np.log2(n / (n + 1))
    limit, high = exposure_mean_limits(np.array([0]), n, 0.975)
    assert limit == pytest.approx(np.quantile(naive, 0.025), abs=0.02)
    assert high == pytest.approx(np.log2(n))


def test_thousands_of_ranks_are_merged_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    inserted, held_out = rng.normal(0.5, size=800), rng.normal(size=3000)
    merged = exposure(inserted, held_out)
    monkeypatch.setattr("memaudit.stats.exposure_mean.RANKS", 10**6)
    monkeypatch.setattr("memaudit.stats.rank_weights.DRAWS", 4000)
    full = exposure(inserted, held_out)
    assert (merged.low, merged.high) == pytest.approx((full.low, full.high), abs=0.03)


SCENES: dict[str, Draw] = {
    "no memorisation": lambda rng, n: rng.random(n),
    "all memorised": lambda rng, n: np.zeros(n),
    "half memorised": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, rng.random(n)),
    "a little": lambda rng, n: rng.beta(1, 20, n),
    "all alike": lambda rng, n: np.full(n, 0.02),
}


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("n1", "n0"), [(5, 20), (20, 120), (60, 60)])
def test_simulated_coverage(scene: str, n1: int, n0: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both arms drawn afresh; a scene draws the chance that a held-out canary scores as high."""
    monkeypatch.setattr("memaudit.stats.rank_weights.DRAWS", 2000)
    rng, repeats = np.random.default_rng(n1), 150
    truth = float(expected_exposure(SCENES[scene](rng, 200_000), n0).mean())
    below = above = 0
    for _ in range(repeats):
        found = exposure(1.0 - SCENES[scene](rng, n1), rng.random(n0), 0.9)
        below += found.high < truth - 0.01
        above += found.low > truth + 0.01
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


# Accuracies: chances of 0, 0.1, ..., 1 in each arm. Ties count against the claim.
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
    at_least = np.cumsum(second[::-1])[::-1]
    truth = float(first @ expected_exposure(np.minimum(at_least, 1.0), n0))
    rng, repeats, below, above = np.random.default_rng(n1), 200, 0, 0
    for _ in range(repeats):
        found = exposure(rng.choice(11, n1, p=first) / 10, rng.choice(11, n0, p=second) / 10, 0.9)
        below += found.high < truth - 0.01
        above += found.low > truth + 0.01
    margin = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    for inserted, held_out in [([], [1.0]), ([1.0], []), ([math.nan], [1.0]), ([1.0], [math.nan])]:
        with pytest.raises(StatisticError):
            exposure(inserted, held_out)
    with pytest.raises(StatisticError):
        exposure([1.0], [1.0], 1.0)
    with pytest.raises(StatisticError):
        exposure_ceiling(0)
    with pytest.raises(StatisticError):
        reference_for_ceiling(-1.0)
    with pytest.raises(StatisticError):
        exposure_mean_limits(np.array([0]), 5, 1.0)
    with pytest.raises(StatisticError):
        Exposure(np.zeros(1), 1.0, 1.0, 2.0, 3.0, 4.0, 1.4, 1, 16, 0.95)
