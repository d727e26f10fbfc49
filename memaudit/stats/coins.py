"""Randomisation test for canaries that flip their own coins: how many go in is random, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.arms import Arms, split_strata
from memaudit.stats.checks import StatisticError, flags, labels, same_length, vector
from memaudit.stats.randomisation import RandomisationTest, relabelling_test


def coin_flip_test(
    values: ArrayLike,
    inserted: ArrayLike,
    coin: ArrayLike,
    strata: ArrayLike,
    *,
    seed: int,
    relabellings: int = 9999,
) -> RandomisationTest:
    """Are the values of inserted canaries larger? Throws the coin of each canary anew.

    The statistic is 2 / m times the sum of (value - centre) over inserted canaries minus that over held-out
    ones which had a coin, m coins; the centre of a value is the mean of all canaries of its stratum, which no
    coin moves. Its expectation is the gap between the arms. Exact up to 14 coins, else Monte Carlo; see
    `randomisation_test`, which is as valid for coins: given how many of a stratum went in, every choice of
    them is equally likely, reserve included. This test does not condition on that number, so it can also be
    done where all coins of a stratum fell alike.

    Args:
        values: f8[n], higher for members: accuracies, membership scores.
        inserted: bool[n].
        coin: bool[n] which canaries are tested; reserve canaries, and those whose coin decided about another
            repetition level, only help to find the centre.
        strata: labels [n], whole numbers or strings.
        seed: of the Monte Carlo throws.
        relabellings: how many are drawn where they cannot be enumerated.

    Raises:
        StatisticError: for a value that is not finite, vectors of different length, no coin, or an inserted
            canary without one.
    """
    numbers = vector(values, "values")
    arm, thrown, groups = flags(inserted, "inserted"), flags(coin, "coin"), labels(strata, "strata")
    for other, name in ((arm, "inserted"), (thrown, "coin"), (groups, "strata")):
        same_length(numbers, other, f"values and {name}")
    if not thrown.any() or (arm & ~thrown).any():
        raise StatisticError(
            "is missing for an inserted canary, or for all", where="coin", how="leave out what is not tested"
        )
    centred = numbers.copy()
    for members in split_strata(groups):
        centred[members] -= numbers[members].mean()
    chosen, went_in = centred[thrown], arm[thrown]
    coins = [
        Arms(np.array([value, 0.0] if first else [0.0, value]), 1)
        for value, first in zip(chosen.tolist(), went_in.tolist(), strict=True)
    ]
    statistic = 2.0 * float(np.where(went_in, chosen, -chosen).mean())
    return relabelling_test(statistic, coins, seed, relabellings)
