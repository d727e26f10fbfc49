"""Randomisation test of the trend over repetitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import StatisticError, labels, same_length, vector
from memaudit.stats.doses import split_doses
from memaudit.stats.randomisation import RandomisationTest, relabelling_test


def trend_test(
    values: ArrayLike, repetitions: ArrayLike, strata: ArrayLike, *, seed: int, relabellings: int = 9999
) -> RandomisationTest:
    """Do values grow with the number of repetitions? Deals the repetitions anew within strata.

    The statistic is the sum of log2(1 + repetitions) times the value over all canaries of a speed, held-out
    ones (no repetitions) included. Under the null every dealing within a stratum is equally likely, since
    pairs are formed, coins thrown and repetitions dealt at random there. One-sided; exact where there are at
    most 20,000 dealings, else Monte Carlo, as in `randomisation_test`.

    Args:
        values: f8[n], higher for members: accuracies, membership scores.
        repetitions: [n] copies in the training set, 0 for held-out canaries.
        strata: labels [n], whole numbers or strings.
        seed: of the Monte Carlo dealings.
        relabellings: how many are drawn where they cannot be enumerated.

    Raises:
        StatisticError: for a value that is not finite, a negative number of repetitions, vectors of different
            length, or one number of repetitions for all canaries.
    """
    numbers = vector(values, "values", least=2)
    copies = vector(repetitions, "repetitions")
    groups = labels(strata, "strata")
    same_length(numbers, copies, "values and repetitions")
    same_length(numbers, groups, "values and strata")
    if (copies < 0).any():
        raise StatisticError(
            "holds a negative number", where="repetitions", how="give 0 for held-out canaries"
        )
    if copies.min() == copies.max():
        raise StatisticError(
            "are all the same", where="repetitions", how="give canaries of at least two levels"
        )
    doses = np.log2(1.0 + copies)
    return relabelling_test(float(doses @ numbers), split_doses(numbers, doses, groups), seed, relabellings)
