"""What differential privacy for one copy says of several copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import Floats, StatisticError, vector


class VacuousBoundError(StatisticError):
    """Not even right guesses throughout could show an epsilon above 0 at this delta."""


def group_delta(delta: float, epsilon: float, copies: ArrayLike) -> Floats:
    """delta of (r epsilon, delta_r)-DP for r copies at once, f8[n]; may exceed 1, and says nothing then.

    (epsilon, delta)-DP for one copy, applied r times in a row, gives delta_r = delta (1 + e^epsilon + ... +
    e^((r - 1) epsilon)) = delta (e^(r epsilon) - 1) / (e^epsilon - 1) (Vadhan, The Complexity of Differential
    Privacy, 2017, lemma 2.2; Dwork and Roth 2014, theorem 2.2, for delta = 0).

    Args:
        delta: for one copy, 0 to below 1.
        epsilon: for one copy, at least 0.
        copies: f8[n] numbers of copies r, at least 1.

    Raises:
        StatisticError: for numbers out of their range.
    """
    times = vector(copies, "copies", least=0)
    if (times < 1).any():
        raise StatisticError("are below 1", where="copies", how="give how often each canary went in")
    if not 0.0 <= delta < 1.0:
        raise StatisticError(f"is {delta}", where="delta", how="give a number from 0 to below 1")
    if not epsilon >= 0.0:
        raise StatisticError(f"is {epsilon}", where="epsilon", how="give a number of at least 0")
    if delta == 0.0:
        return np.zeros(times.size)
    if epsilon < 1e-9:
        return delta * times
    with np.errstate(over="ignore"):
        growth = delta * np.exp((times - 1.0) * epsilon)
        return np.asarray(growth * np.expm1(-times * epsilon) / np.expm1(-epsilon), dtype=np.float64)
