"""Interval of the difference of two independent rates."""

from __future__ import annotations

from math import hypot, sqrt

from scipy.special import ndtri

from memaudit.stats.checks import count, share
from memaudit.stats.interval import Interval


def wilson_limits(successes: int, n: int, z: float) -> tuple[float, float]:
    """Score limits of one rate: the p where |successes / n - p| = z sqrt(p (1 - p) / n) (Wilson 1927)."""
    rate = successes / n
    middle = rate + z * z / (2 * n)
    reach = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Rounding must not move a limit off 0 or 1, where it belongs exactly.
    low = 0.0 if successes == 0 else (middle - reach) / scale
    high = 1.0 if successes == n else (middle + reach) / scale
    return low, high


def rate_gap(successes_1: int, n_1: int, successes_0: int, n_0: int, confidence: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval of rate 1 minus rate 0 (inserted minus held out).

    Method 10 of Newcombe, Statistics in Medicine 17 (1998) 873-890, without continuity correction: with d the
    difference of the rates p1, p0 and (l, u) the Wilson limits of each,
    low = d - sqrt((p1 - l1)^2 + (u0 - p0)^2), high = d + sqrt((u1 - p1)^2 + (p0 - l0)^2).
    It covers with `confidence` on average over rates, not for every pair of rates; `mean_gap` on 0/1 values
    is the interval that does, and is wider.

    Raises:
        StatisticError: unless 0 <= successes <= n and n >= 1 in both arms and 0 < confidence < 1.
    """
    n_1, n_0 = count(n_1, "n_1", least=1), count(n_0, "n_0", least=1)
    successes_1 = count(successes_1, "successes_1", most=n_1)
    successes_0 = count(successes_0, "successes_0", most=n_0)
    z = float(ndtri((1.0 + share(confidence, "confidence")) / 2.0))
    p_1, p_0 = successes_1 / n_1, successes_0 / n_0
    low_1, high_1 = wilson_limits(successes_1, n_1, z)
    low_0, high_0 = wilson_limits(successes_0, n_0, z)
    gap = p_1 - p_0
    low = gap - hypot(p_1 - low_1, high_0 - p_0)
    high = gap + hypot(high_1 - p_1, p_0 - low_0)
    return Interval(gap, max(low, -1.0), min(high, 1.0), confidence)
