"""The exact (epsilon, delta) trade-off of the Gaussian mechanism."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from memaudit.stats.checks import StatisticError

# A larger mean than this is no privacy that anybody would state, and beyond what doubles can tell apart.
LARGEST = 1e4


def gaussian_delta(mean: float, epsilon: float) -> float:
    """Smallest delta of a Gaussian mechanism whose two outputs are `mean` standard deviations apart.

    delta = Phi(mu / 2 - epsilon / mu) - e^epsilon Phi(-mu / 2 - epsilon / mu), mu = sensitivity / sigma
    (Balle and Wang, ICML 2018, theorem 8).

    Args:
        mean: mu, above 0.
        epsilon: at least 0.

    Raises:
        StatisticError: for numbers out of their range.
    """
    if not 0.0 < mean < math.inf:
        raise StatisticError(f"is {mean}", where="mean", how="give a number above 0")
    if not 0.0 <= epsilon < math.inf:
        raise StatisticError(f"is {epsilon}", where="epsilon", how="give a number of at least 0")
    second = math.exp(min(epsilon + float(log_ndtr(-mean / 2.0 - epsilon / mean)), 0.0))
    return max(0.0, float(ndtr(mean / 2.0 - epsilon / mean)) - second)


def gaussian_mean(epsilon: float, delta: float) -> float:
    """Largest mu at which the Gaussian mechanism is (epsilon, delta)-DP: the inverse of `gaussian_delta`.

    Raises:
        StatisticError: unless epsilon >= 0 and 0 < delta < 1.
    """
    if not 0.0 < delta < 1.0:
        raise StatisticError(f"is {delta}", where="delta", how="give a number between 0 and 1, both left out")

    def excess(log_mean: float) -> float:
        return gaussian_delta(math.exp(log_mean), epsilon) - delta

    lowest, highest = -60.0, math.log(LARGEST)
    if excess(highest) <= 0.0:
        return LARGEST
    return float(np.exp(brentq(excess, lowest, highest, xtol=1e-13)))


def gaussian_epsilon(mean: float, delta: float) -> float:
    """Smallest epsilon at which the Gaussian mechanism with this mu is (epsilon, delta)-DP; 0 where any is.

    Raises:
        StatisticError: unless mean > 0 and 0 < delta < 1.
    """
    if not 0.0 < delta < 1.0:
        raise StatisticError(f"is {delta}", where="delta", how="give a number between 0 and 1, both left out")
    if gaussian_delta(mean, 0.0) <= delta:
        return 0.0
    highest = 1.0
    while gaussian_delta(mean, highest) > delta:
        highest *= 2.0
    return float(brentq(lambda epsilon: gaussian_delta(mean, epsilon) - delta, 0.0, highest, xtol=1e-12))
