"""Tails of the binomial law, and the interval of one rate.

By scipy.special: scipy.stats has the same tails and takes longer to import than a small audit to compute.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv

from memaudit.stats.checks import Floats, Ints, count, share
from memaudit.stats.interval import Interval


def chance_at_most(k: Ints, n: int, rate: float) -> Floats:
    """P[Bin(n, rate) <= k] for k from 0 to n - 1: the beta distribution's I_(1 - rate)(n - k, k + 1)."""
    return np.asarray(betainc(n - k, k + 1, 1.0 - rate), dtype=np.float64)


def chance_at_least(k: int, n: int, rate: float) -> float:
    """P[Bin(n, rate) >= k], k at most n: I_rate(k, n - k + 1)."""
    return float(betainc(k, n - k + 1, rate)) if k > 0 else 1.0


def binomial_limits(successes: int, n: int, level: float) -> tuple[float, float]:
    """Both one-sided limits of a rate, each of which holds with probability `level` at least.

    Clopper and Pearson (Biometrika 26, 1934), as quantiles of beta distributions: the lower limit is the
    1 - level quantile of Beta(k, n - k + 1), the upper one the level quantile of Beta(k + 1, n - k).

    Raises:
        StatisticError: unless 0 <= successes <= n, n >= 1 and 0 < level < 1.
    """
    n = count(n, "n", least=1)
    successes = count(successes, "successes", most=n)
    level = share(level, "level")
    low = float(betaincinv(successes, n - successes + 1, 1.0 - level)) if successes else 0.0
    high = float(betaincinv(successes + 1, n - successes, level)) if successes < n else 1.0
    return low, high


def binomial_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Clopper-Pearson interval of the rate successes / n; covers with at least `confidence` for every rate.

    Raises:
        StatisticError: unless 0 <= successes <= n, n >= 1 and 0 < confidence < 1.
    """
    confidence = share(confidence, "confidence")
    low, high = binomial_limits(successes, n, (1.0 + confidence) / 2.0)
    return Interval(successes / n, low, high, confidence)
