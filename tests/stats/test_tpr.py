from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.tpr import TprAtFpr, false_positives_allowed, held_out_needed, tpr_at_fpr


def test_published_number_of_held_out_canaries() -> None:
    assert held_out_needed(0.01) == 299
    assert held_out_needed(0.1) == 29
    assert held_out_needed(0.001) == 2995
    for fpr in (0.3, 0.1, 0.01):
        n = held_out_needed(fpr)
        assert false_positives_allowed(n, fpr) == 0
        assert false_positives_allowed(n - 1, fpr) is None


@given(st.integers(1, 80), st.sampled_from([0.1, 0.3, 0.5]), st.sampled_from([0.8, 0.95]))
def test_allowed_false_positives_from_the_formula(n: int, fpr: float, confidence: float) -> None:
    found = false_positives_allowed(n, fpr, confidence)

    def chance(k: int) -> float:
        return sum(math.comb(n, i) * fpr**i * (1 - fpr) ** (n - i) for i in range(k + 1))

    if found is None:
        assert chance(0) > 1 - confidence
    else:
        assert chance(found) <= 1 - confidence + 1e-12
        assert chance(found + 1) > 1 - confidence


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=15),
    st.lists(st.integers(0, 9), min_size=29, max_size=90),
)
def test_naive_version(inserted: list[int], held_out: list[int]) -> None:
    found = tpr_at_fpr(inserted, held_out, 0.1)
    assert found is not None
    allowed = false_positives_allowed(len(held_out), 0.1)
    assert allowed is not None
    assert found.threshold == sorted(held_out, reverse=True)[allowed]
    assert found.false_positives == sum(h > found.threshold for h in held_out) <= allowed
    assert found.tpr == sum(s > found.threshold for s in inserted) / len(inserted)
    ci = stats.binomtest(round(found.tpr * len(inserted)), len(inserted)).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((ci.low, ci.high), abs=1e-9)


def test_too_few_held_out_canaries_give_nothing() -> None:
    assert tpr_at_fpr([1.0], np.arange(298.0), 0.01) is None
    found = tpr_at_fpr([1000.0], np.arange(299.0), 0.01)
    assert found is not None
    assert (found.tpr, found.threshold, found.false_positives) == (1.0, 298.0, 0)
    assert (found.low, found.high) == (pytest.approx(0.025), 1.0)


@pytest.mark.parametrize("n0", [29, 120])
def test_the_threshold_keeps_its_false_positive_rate(n0: int) -> None:
    rng = np.random.default_rng(n0)
    exceeded, repeats = 0, 4000
    for _ in range(repeats):
        found = tpr_at_fpr([0.0], rng.random(n0), 0.1)
        assert found is not None
        exceeded += 1 - found.threshold > 0.1
    assert exceeded / repeats <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / repeats)


@pytest.mark.parametrize(
    "scene", ["all zero", "some memorised", "shifted", "nine of ten tied", "all memorised"]
)
@pytest.mark.parametrize(("n1", "n0"), [(5, 30), (20, 120)])
def test_the_interval_covers_the_rate_at_its_threshold(scene: str, n1: int, n0: int) -> None:
    """The truth is the chance that a new inserted canary scores above the threshold that was set."""
    rng, repeats, below, above = np.random.default_rng(n1), 1000, 0, 0
    grid = np.arange(11) / 10
    for _ in range(repeats):
        if scene == "shifted":
            found = tpr_at_fpr(rng.normal(1.0, size=n1), rng.normal(size=n0), 0.1, 0.9)
            assert found is not None
            truth = float(stats.norm.sf(found.threshold - 1.0))
        else:
            none = np.array([1.0] + [0.0] * 10)
            tied = np.array([0.9] + [0.01] * 10)
            first, second = {
                "all zero": (none, none),
                "some memorised": (0.7 * none + 0.3 * none[::-1], tied),
                "nine of ten tied": (tied, tied),
                "all memorised": (none[::-1], none),
            }[scene]
            found = tpr_at_fpr(rng.choice(grid, n1, p=first), rng.choice(grid, n0, p=second), 0.1, 0.9)
            assert found is not None
            truth = float(first[grid > found.threshold].sum())
        below += found.high < truth - 1e-9
        above += found.low > truth + 1e-9
    margin = 3 * math.sqrt(0.05 * 0.95 / repeats)
    assert below / repeats <= 0.05 + margin
    assert above / repeats <= 0.05 + margin


def test_refusals() -> None:
    for inserted, held_out, fpr in [
        ([], [1.0], 0.1),
        ([1.0], [], 0.1),
        ([1.0], [1.0], 0.0),
        ([math.nan], [1.0], 0.1),
    ]:
        with pytest.raises(StatisticError):
            tpr_at_fpr(inserted, held_out, fpr)
    with pytest.raises(StatisticError):
        TprAtFpr(0.1, 0.5, 0.6, 0.7, 0.0, 0, 0.95)
