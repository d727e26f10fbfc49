"""Distributions of accuracies that the intervals have to hold for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator
Sample = NDArray[np.float64]


@dataclass(frozen=True)
class Distribution:
    mean: float
    draw: Callable[[Generator, int], Sample]


def beta(mean: float, deviation: float) -> Distribution:
    weight = mean * (1 - mean) / deviation**2 - 1
    return Distribution(mean, lambda rng, n: rng.beta(mean * weight, (1 - mean) * weight, n))


DISTRIBUTIONS = {
    "all zero": Distribution(0.0, lambda rng, n: np.zeros(n)),
    "1 in a hundred": Distribution(0.01, lambda rng, n: (rng.random(n) < 0.01).astype(float)),
    "Bernoulli .05": Distribution(0.05, lambda rng, n: (rng.random(n) < 0.05).astype(float)),
    "bimodal": Distribution(0.19, lambda rng, n: (rng.random(n) < 0.2) * rng.uniform(0.9, 1.0, n)),
    "beta .15": beta(0.15, 0.1),
    "beta .9": beta(0.9, 0.1),
    "tenths": Distribution(0.15, lambda rng, n: rng.binomial(10, 0.15, n) / 10),
    "nine of ten at one value": Distribution(
        0.19, lambda rng, n: np.where(rng.random(n) < 0.9, 0.1, rng.choice([0.0, 1.0], n, p=[0.0, 1.0]))
    ),
}
