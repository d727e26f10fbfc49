"""p-values adjusted for how many questions were asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import Floats, StatisticError, vector


@dataclass(frozen=True, eq=False)
class AdjustedPValues:
    """Adjusted p-values of a primary sequence and of the tests after it, in the order they were given.

    Args:
        sequence: f8[s], never falling.
        rest: f8[t], none below the last of the sequence.
    """

    sequence: Floats
    rest: Floats


def fixed_sequence(p_values: ArrayLike) -> Floats:
    """Adjusted p-values f8[m] of tests in an order fixed beforehand: the running maximum.

    Each test is done at the full level, and only if all before it rejected; the family-wise error rate holds
    whatever the dependence (Maurer, Hothorn and Lehmacher 1995). m may be 0.

    Raises:
        StatisticError: for a value that is no probability.
    """
    return np.maximum.accumulate(_probabilities(p_values, "p_values"))


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values f8[m] by Holm (Scand. J. Statist. 6, 1979): holds whatever the dependence. m may be
    0.

    The i-th smallest of m values is multiplied by m - i + 1; running maximum upwards, at most 1.

    Raises:
        StatisticError: for a value that is no probability.
    """
    p = _probabilities(p_values, "p_values")
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def serial_gatekeeping(sequence: ArrayLike, rest: ArrayLike) -> AdjustedPValues:
    """A primary family in fixed sequence, then Holm over the rest, which waits until the whole family
    rejected.

    Serial gatekeeping (Westfall and Krishen, J. Stat. Plan. Inference 99, 2001): an adjusted p-value of the
    rest is its Holm value or the largest of the sequence, whichever is larger. The family-wise error rate
    over everything holds at the level of one test, whatever the dependence.

    Args:
        sequence: f8[s] p-values, the primary one first; s may be 0.
        rest: f8[t] p-values in any order; t may be 0.

    Raises:
        StatisticError: for a value that is no probability.
    """
    first = fixed_sequence(_probabilities(sequence, "sequence"))
    after = holm(_probabilities(rest, "rest"))
    return AdjustedPValues(first, np.maximum(after, first[-1]) if first.size else after)


def _probabilities(values: ArrayLike, name: str) -> Floats:
    p = vector(values, name, least=0)
    if ((p < 0) | (p > 1)).any():
        at = int(np.argmax((p < 0) | (p > 1)))
        raise StatisticError(f"value {at} is {p[at]}", where=name, how="give probabilities")
    return p
