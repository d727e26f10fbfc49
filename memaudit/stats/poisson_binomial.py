"""Exact law of a number of right guesses whose chances differ."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from memaudit.stats.checks import Floats, Ints


def binomial_law(n: int, chance: float) -> Floats:
    """P[Bin(n, chance) = k] for k = 0, ..., n."""
    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(ways + xlogy(k, chance) + xlog1py(n - k, -chance)), dtype=np.float64)


def count_law(numbers: Ints, chances: Floats) -> Floats:
    """Law f8[n + 1] of the sum of independent Bin(numbers[l], chances[l]), n the sum of the numbers.

    The Poisson-binomial distribution, by convolution of its binomial parts: all terms are positive, so every
    probability is right to some 1e-12 of itself, which a Fourier transform is not.

    Args:
        numbers: i8[L] how many have each chance.
        chances: f8[L].
    """
    law = np.ones(1)
    for n, chance in zip(numbers.tolist(), chances.tolist(), strict=True):
        if n:
            law = np.convolve(law, binomial_law(n, chance))
    return law
