from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.stats.checks import StatisticError
from memaudit.stats.randomisation import RandomisationTest, pair_flip_test, randomisation_test
from memaudit.stats.ties import break_ties

AUDITS = 1000
# Three standard errors of a rate of 5 % over so many audits.
MARGIN = 3 * np.sqrt(0.05 * 0.95 / AUDITS)

audits = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 2)), min_size=2, max_size=10
).filter(lambda rows: 0 < sum(row[1] for row in rows) < len(rows))


def run(rows: list[tuple[float, bool, int]], **options: int) -> RandomisationTest:
    values, inserted, strata = zip(*rows, strict=True)
    return randomisation_test(values, np.array(inserted), strata, seed=1, **options)


def naive_p_value(rows: list[tuple[int, bool, int]]) -> float:
    """Every relabelling that keeps the number inserted in each stratum, one by one."""
    n, inserted = len(rows), [i for i, row in enumerate(rows) if row[1]]

    def per_stratum(chosen: tuple[int, ...]) -> list[int]:
        return sorted(rows[i][2] for i in chosen)

    def statistic(chosen: tuple[int, ...]) -> float:
        first = [rows[i][0] for i in chosen]
        rest = [rows[i][0] for i in range(n) if i not in chosen]
        return sum(first) / len(first) - sum(rest) / len(rest)

    observed = statistic(tuple(inserted))
    allowed = [
        c for c in combinations(range(n), len(inserted)) if per_stratum(c) == per_stratum(tuple(inserted))
    ]
    return sum(statistic(c) >= observed - 1e-9 for c in allowed) / len(allowed)


@settings(max_examples=60)
@given(audits)
def test_naive_version(rows: list[tuple[int, bool, int]]) -> None:
    result = run(rows)
    assert result.exact
    assert result.p_value == pytest.approx(naive_p_value(rows))
    values = np.array([row[0] for row in rows], dtype=float)
    inserted = np.array([row[1] for row in rows])
    assert result.statistic == pytest.approx(values[inserted].mean() - values[~inserted].mean())


@settings(max_examples=60)
@given(audits, st.randoms())
def test_invariances(rows: list[tuple[int, bool, int]], random: object) -> None:
    before = run(rows)
    moved = [(0.1 * value + 7.3, inserted, 9 - stratum) for value, inserted, stratum in rows]
    random.shuffle(moved)  # type: ignore[attr-defined]
    after = run(moved)
    assert after.p_value == pytest.approx(before.p_value)
    assert after.p_smallest == pytest.approx(before.p_smallest)
    assert after.statistic == pytest.approx(0.1 * before.statistic)


@given(audits, st.data())
def test_raising_an_inserted_value_never_weakens_the_evidence(
    rows: list[tuple[int, bool, int]], data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from([i for i, row in enumerate(rows) if row[1]]))
    value, inserted, stratum = rows[at]
    raised = [*rows[:at], (value + data.draw(st.integers(0, 5)), inserted, stratum), *rows[at + 1 :]]
    assert run(raised).p_value <= run(rows).p_value + 1e-12


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(12)
    x, y = rng.normal(0.5, size=5), rng.normal(size=9)
    ours = randomisation_test(np.append(x, y), np.arange(14) < 5, np.zeros(14, int), seed=1)
    theirs = stats.permutation_test(
        (x, y), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf, alternative="greater"
    )
    assert ours.exact
    assert ours.relabellings == 2002
    assert ours.p_value == pytest.approx(theirs.pvalue)
    assert ours.statistic == pytest.approx(theirs.statistic)
    d = rng.normal(0.4, size=12)
    signs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="greater"
    )
    assert pair_flip_test(d, seed=1).p_value == pytest.approx(signs.pvalue)


def test_monte_carlo_agrees_with_the_exact_test_of_scipy() -> None:
    """For 0/1 values the statistic is the number inserted with 1: hypergeometric, as in Fisher's test."""
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [14, 26, 30, 130])
    result = randomisation_test(values, np.arange(200) < 40, np.zeros(200, int), seed=3, relabellings=99_999)
    exact = stats.fisher_exact([[14, 26], [30, 130]], alternative="greater").pvalue
    assert not result.exact
    assert result.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 99_999))


def test_pairs_by_flipping_are_pairs_as_strata() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.3, size=9), rng.normal(size=9)
    flips = pair_flip_test(first - second, seed=1)
    strata = randomisation_test(np.append(first, second), np.arange(18) < 9, [*range(9), *range(9)], seed=1)
    assert flips.p_value == strata.p_value
    assert flips.statistic == pytest.approx(strata.statistic)
    naive = [
        np.dot(signs, first - second) >= (first - second).sum() - 1e-9 for signs in product([1, -1], repeat=9)
    ]
    assert flips.p_value == np.mean(naive)


def test_smallest_p_value() -> None:
    best = run([(3, True, 0), (2, False, 0), (1, False, 0), (0, False, 0)])
    assert (best.p_value, best.p_smallest) == (0.25, 0.25)
    # Two canaries share the highest value: half of the relabellings do as well as any can.
    tied = run([(1, True, 0), (1, False, 0), (0, False, 0), (0, False, 0)])
    assert (tied.p_value, tied.p_smallest) == (0.5, 0.5)
    nothing = run([(5, True, 0), (0, False, 1)])
    assert (nothing.p_value, nothing.p_smallest, nothing.exact, nothing.relabellings) == (1.0, 1.0, True, 1)
    assert pair_flip_test([1.0, 0.0, 2.0], seed=1).p_smallest == 0.25
    many = randomisation_test(
        np.arange(200.0), np.arange(200) >= 100, np.zeros(200, int), seed=1, relabellings=999
    )
    assert many.p_value == many.p_smallest == 1 / 1000


def test_same_seed_same_p_value() -> None:
    values, inserted = np.random.default_rng(0).normal(size=300), np.arange(300) < 100
    results = [randomisation_test(values, inserted, np.arange(300) % 3, seed=seed) for seed in (5, 5, 6)]
    assert results[0] == results[1]
    assert results[0].p_value != results[2].p_value
    assert results[0].p_value == pytest.approx(results[2].p_value, abs=0.03)


def test_sums_that_only_rounding_tells_apart_are_ties() -> None:
    """Tenths added up in another order give 0.6 or 0.6000000000000001."""
    values = [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]
    result = randomisation_test(values, np.arange(6) < 3, np.zeros(6, int), seed=1)
    assert result.p_value == pytest.approx(
        naive_p_value([(round(10 * v), i < 3, 0) for i, v in enumerate(values)])
    )


def null_audit(rng: np.random.Generator, kind: str, n1: int, n0: int) -> RandomisationTest:
    n = n1 + n0
    scores = {
        "continuous": rng.normal(size=n),
        "heavy tail": rng.standard_cauchy(size=n),
        "nine in ten tied": np.where(rng.random(n) < 0.9, 0.0, rng.random(n)),
        "all tied": np.zeros(n),
    }[kind]
    # Files list the inserted canaries first; under the null that is a random choice of them in each stratum.
    strata = np.concatenate([np.arange(n1) % 2, np.arange(n0) % 2])
    return randomisation_test(
        scores, np.arange(n) < n1, strata, seed=int(rng.integers(1 << 30)), relabellings=399
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["continuous", "heavy tail", "nine in ten tied", "all tied"])
@pytest.mark.parametrize(("n1", "n0"), [(5, 12), (20, 60)])
def test_false_alarms(kind: str, n1: int, n0: int) -> None:
    rng = np.random.default_rng(n1)
    p = np.array([null_audit(rng, kind, n1, n0).p_value for _ in range(AUDITS)])
    assert (p <= 0.05).mean() <= 0.05 + MARGIN
    assert (p <= 0.01).mean() <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / AUDITS)
    if kind == "continuous":
        assert (p <= 0.05).mean() >= 0.05 - MARGIN - 0.01


@pytest.mark.slow
def test_false_alarms_with_ranks_by_keys() -> None:
    """Nine in ten tied, ranked by keys: still at the promised rate, where ranks by position always alarm."""
    rng, inserted = np.random.default_rng(8), np.arange(80) < 20
    alarms = by_position = 0
    for _ in range(1000):
        scores = np.where(rng.random(80) < 0.9, 0.0, rng.random(80))
        strata = np.zeros(80, int)
        ranks = break_ties(scores, rng.permutation(80))
        alarms += randomisation_test(ranks, inserted, strata, seed=1, relabellings=199).p_value <= 0.05
        listed = break_ties(scores, -np.arange(80))
        by_position += randomisation_test(listed, inserted, strata, seed=1, relabellings=199).p_value <= 0.05
    assert alarms / 1000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
    assert by_position / 1000 > 0.99


def test_refusals() -> None:
    inserted = np.array([True, False])
    for values, arm, strata in [
        ([1.0, np.nan], inserted, [0, 0]),
        ([1.0, np.inf], inserted, [0, 0]),
        ([1.0], inserted, [0, 0]),
        ([1.0, 2.0], np.array([True, True]), [0, 0]),
        ([1.0, 2.0], np.array([False, False]), [0, 0]),
        ([1.0, 2.0], np.array([1, 0]), [0, 0]),
        ([1.0, 2.0], inserted, [0]),
        ([1.0, 2.0], inserted, [0.5, 1.5]),
    ]:
        with pytest.raises(StatisticError):
            randomisation_test(values, arm, strata, seed=1)
    with pytest.raises(StatisticError, match="relabellings"):
        randomisation_test([1.0, 2.0], inserted, [0, 0], seed=1, relabellings=0)
    with pytest.raises(StatisticError):
        pair_flip_test([], seed=1)
    with pytest.raises(StatisticError):
        RandomisationTest(0.0, 0.0, 0.0, True, 1)
