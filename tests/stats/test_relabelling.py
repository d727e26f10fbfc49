from __future__ import annotations

from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats import relabelling, subset_sums
from memaudit.stats.arms import Arms, split_arms
from memaudit.stats.doses import Doses, split_doses
from memaudit.stats.subset_sums import draw_subset_sums


@pytest.mark.parametrize(("n", "k"), [(9, 4), (9, 1), (9, 8), (12, 6), (16, 3)])
def test_every_subset_is_drawn_equally_often(n: int, k: int) -> None:
    """Powers of two as values: a sum names its subset."""
    draws = 200 * comb(n, k)
    sums = draw_subset_sums(2.0 ** np.arange(n), k, draws, np.random.default_rng(n * k))
    names, times = np.unique(sums, return_counts=True)
    expected = sorted(float(sum(2.0**i for i in chosen)) for chosen in combinations(range(n), k))
    assert names.tolist() == expected
    assert stats.chisquare(times).pvalue > 1e-4


def test_sums_of_a_large_subset_have_the_moments_of_sampling_without_replacement() -> None:
    values = np.random.default_rng(1).gamma(0.5, size=1003)
    for k in (7, 250, 800):
        sums = draw_subset_sums(values, k, 20_000, np.random.default_rng(k))
        n, variance = values.size, values.var(ddof=1)
        spread = np.sqrt(k * (1 - k / n) * variance)
        assert sums.mean() == pytest.approx(k * values.mean(), abs=4 * spread / np.sqrt(20_000))
        assert sums.std() == pytest.approx(spread, rel=0.03)
        # Counting ones instead of values: the size is exactly k.
        assert set(draw_subset_sums(np.ones(1003), k, 500, np.random.default_rng(k))) == {float(k)}


def test_work_in_pieces_is_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subset_sums, "CHUNK_BITS", 1000)
    sums = draw_subset_sums(np.arange(64.0), 5, 101, np.random.default_rng(0))
    assert sums.size == 101
    assert (sums == np.round(sums)).all()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 2)), min_size=2, max_size=9),
)
def test_enumeration_is_complete(rows: list[tuple[int, bool, int]]) -> None:
    values, inserted, strata = (np.array(column) for column in zip(*rows, strict=True))
    found = split_arms(values.astype(float), inserted, strata)
    sums = relabelling.enumerate_sums(found)
    assert sums.size == relabelling.count_relabellings(found)
    naive = []
    for chosen in combinations(range(len(rows)), int(inserted.sum())):
        label = np.isin(np.arange(len(rows)), chosen)
        if all(
            (label & (strata == s)).sum() == (inserted & (strata == s)).sum() for s in set(strata.tolist())
        ):
            naive.append(float(values[label].sum()))
    constant = min(naive) - sums.min()
    assert sorted(sums + constant) == pytest.approx(sorted(naive))
    best = sum(abs(total - max(naive)) < 1e-9 for total in naive) / len(naive)
    assert relabelling.chance_of_best(found) == pytest.approx(best)


def test_drawn_sums_follow_the_enumerated_law() -> None:
    rng = np.random.default_rng(6)
    strata = [Arms(rng.normal(size=n), k) for n, k in [(2, 1), (5, 2), (3, 1), (2, 1), (4, 2)]]
    everything = relabelling.enumerate_sums(strata)
    drawn = relabelling.draw_sums(strata, 50_000, rng)
    assert (
        stats.ks_1samp(
            drawn, lambda x: np.searchsorted(np.sort(everything), x, side="right") / everything.size
        ).pvalue
        > 1e-3
    )


def test_large_strata_and_joined_tables_add_up() -> None:
    """A stratum too large to list beside small ones: the variance of the sum is the sum of variances."""
    rng = np.random.default_rng(7)
    strata = [Arms(rng.normal(size=n), k) for n, k in [(300, 100), *[(2, 1)] * 40, (7, 3), (20, 5)]]
    drawn = relabelling.draw_sums(strata, 40_000, rng)
    expected = sum(s.k * (1 - s.k / s.values.size) * s.values.var(ddof=1) for s in strata)
    assert drawn.var() == pytest.approx(expected, rel=0.04)
    assert drawn.mean() == pytest.approx(
        sum(s.k * s.values.mean() for s in strata), abs=4 * np.sqrt(expected / 40_000)
    )


dealt = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2]), st.integers(0, 1)), min_size=2, max_size=7
)


@given(dealt)
def test_enumeration_of_dealings_is_complete(rows: list[tuple[int, int, int]]) -> None:
    values, doses, strata = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = split_doses(values, doses, strata.astype(int))
    sums = relabelling.enumerate_sums(found)
    assert sums.size == relabelling.count_relabellings(found)
    naive = {
        dealing
        for order in permutations(range(len(rows)))
        if all(strata[i] == strata[j] for i, j in enumerate(order))
        for dealing in [tuple(doses[list(order)].tolist())]
    }
    totals = np.array([np.dot(dealing, values) for dealing in naive])
    constant = totals.min() - sums.min()
    assert sorted(sums + constant) == pytest.approx(sorted(totals))
    assert relabelling.chance_of_best(found) == pytest.approx((totals > totals.max() - 1e-9).mean())
    observed = sum(stratum.observed for stratum in found)
    assert observed + constant == pytest.approx(doses @ values)


@pytest.mark.parametrize("large", [1, 6])
def test_drawn_dealings_are_uniform(monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """Shuffled as a whole, and, as in large strata, only those drawn who have another dose than most."""
    monkeypatch.setattr("memaudit.stats.doses.CHUNK", 4000)
    monkeypatch.setattr("memaudit.stats.doses.LARGE", large)
    stratum = Doses(np.array([1.0, 10.0, 100.0, 1000.0, 10000.0]), np.array([0.0, 0.0, 1.0, 2.0, 2.0]))
    sums = stratum.draw_sums(200 * stratum.relabellings, np.random.default_rng(2))
    names, times = np.unique(np.round(sums), return_counts=True)
    assert names.tolist() == pytest.approx(sorted(stratum.all_sums().tolist()))
    assert stats.chisquare(times).pvalue > 1e-4
