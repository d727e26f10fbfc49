"""Mechanisms of known privacy, one score a coin, to audit the auditors with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Coins = NDArray[np.bool_]


def randomised_response(rng: np.random.Generator, coins: Coins, epsilon: float) -> Scores:
    """Tells each coin truly with chance e^eps / (1 + e^eps); how loudly says nothing."""
    truth = rng.random(coins.size) < 1 / (1 + np.exp(-epsilon))
    return np.where(coins == truth, 1.0, -1.0) * rng.uniform(0.5, 1.5, coins.size)


def laplace(rng: np.random.Generator, coins: Coins, epsilon: float) -> Scores:
    """Each coin as -1/2 or 1/2 with Laplace noise of scale 1 / eps: far out, a guess is as sure as can be."""
    return np.where(coins, 0.5, -0.5) + rng.laplace(0.0, 1.0 / epsilon, coins.size)


def mixed(rng: np.random.Generator, coins: Coins, epsilon: float) -> Scores:
    """Randomised response, loudly, for a third of the coins; nothing about the others."""
    scores = 3.0 * randomised_response(rng, coins, epsilon)
    silent = np.arange(coins.size) % 3 != 0
    return np.where(silent, rng.uniform(-1.0, 1.0, coins.size), scores)


def all_or_nothing(rng: np.random.Generator, coins: Coins, epsilon: float) -> Scores:
    """Randomised response in half of the runs and noise in the others: right guesses hang together."""
    told = randomised_response(rng, coins, epsilon)
    return told if rng.random() < 0.5 else rng.normal(size=coins.size)


def gaussian(rng: np.random.Generator, coins: Coins, mean: float) -> Scores:
    """Each coin as -1/2 or 1/2 with normal noise: two outputs are `mean` deviations apart."""
    return np.where(coins, 0.5, -0.5) + rng.normal(0.0, 1.0 / mean, coins.size)
