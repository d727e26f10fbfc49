from __future__ import annotations

from itertools import combinations
from math import erf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from memaudit.stats.checks import StatisticError
from memaudit.stats.multiplicity import fixed_sequence, holm, serial_gatekeeping

probabilities = st.lists(st.floats(0, 1), max_size=6)


def holm_by_closure(p: list[float]) -> list[float]:
    """Closed testing: every intersection by Bonferroni; the largest p-value of those with a hypothesis."""
    m = len(p)
    adjusted = [0.0] * m
    for size in range(1, m + 1):
        for members in combinations(range(m), size):
            local = min(1.0, size * min(p[i] for i in members))
            for i in members:
                adjusted[i] = max(adjusted[i], local)
    return adjusted


def rejected_by_steps(
    sequence: list[float], rest: list[float], level: float
) -> tuple[list[bool], list[bool]]:
    """Serial gatekeeping as a procedure at one level."""
    first = []
    for p in sequence:
        first.append(p <= level and all(first))
    if not all(first):
        return first, [False] * len(rest)
    second, order = [False] * len(rest), sorted(range(len(rest)), key=lambda i: rest[i])
    for step, i in enumerate(order):
        if rest[i] * (len(rest) - step) > level:
            break
        second[i] = True
    return first, second


@given(probabilities)
def test_holm_is_closed_testing_with_bonferroni(p: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(holm_by_closure(p))


@pytest.mark.parametrize("m", [1, 2, 5, 12])
def test_holm_agrees_with_statsmodels(m: int) -> None:
    p = np.random.default_rng(m).beta(0.3, 1, m)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    tied = np.round(p, 1)
    assert holm(tied) == pytest.approx(multipletests(tied, method="holm")[1])


@given(probabilities)
def test_fixed_sequence_is_the_running_maximum(p: list[float]) -> None:
    adjusted = fixed_sequence(p)
    assert adjusted.tolist() == [max(p[: i + 1]) for i in range(len(p))]


@given(probabilities, probabilities)
def test_gatekeeping_decides_as_the_procedure_does(sequence: list[float], rest: list[float]) -> None:
    adjusted = serial_gatekeeping(sequence, rest)
    levels = sorted(
        {0.05, *sequence, *rest, *(min(1.0, p * k) for p in rest for k in range(1, len(rest) + 1))}
    )
    for level in (level for level in levels if level < 1):
        first, second = rejected_by_steps(sequence, rest, level)
        assert (adjusted.sequence <= level).tolist() == first
        assert (adjusted.rest <= level).tolist() == second


@given(probabilities, probabilities)
def test_adjusted_values_are_monotone(sequence: list[float], rest: list[float]) -> None:
    adjusted = serial_gatekeeping(sequence, rest)
    assert (adjusted.sequence >= np.array(sequence)).all()
    assert (np.diff(adjusted.sequence) >= 0).all()
    assert (adjusted.rest >= np.array(rest)).all()
    assert (np.diff(adjusted.rest[np.argsort(rest, kind="stable")]) >= 0).all()
    if sequence:
        assert (adjusted.rest >= adjusted.sequence[-1]).all()


def test_family_wise_error_with_some_true_effects() -> None:
    """Correlated nulls, the first two of the sequence real: false rejections in at most 5 % of families."""
    rng = np.random.default_rng(11)
    families, false = 4000, 0
    for _ in range(families):
        shared = rng.normal()
        z = 0.7 * shared + np.sqrt(1 - 0.49) * rng.normal(size=10)
        p = 1 - 0.5 * (1 + np.vectorize(erf)(z / np.sqrt(2)))
        p[:2] = 1e-9
        adjusted = serial_gatekeeping(p[:4], p[4:])
        false += bool((adjusted.sequence[2:] <= 0.05).any() or (adjusted.rest <= 0.05).any())
    assert false / families <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / families)


def test_refuses_what_is_no_probability() -> None:
    for wrong in ([1.5], [-0.1], [float("nan")]):
        with pytest.raises(StatisticError):
            holm(wrong)
        with pytest.raises(StatisticError):
            serial_gatekeeping([0.5], wrong)
