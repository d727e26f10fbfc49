"""Interval of the gap of error rates, which may exceed 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import StatisticError, vector
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import mean_gap


@dataclass(frozen=True, slots=True)
class ErrorGap:
    """Mean error rate of inserted minus held-out canaries, each rate counted as `most` at most.

    Args:
        interval: of the gap; below 0 where inserted canaries are read better.
        most: what larger rates count as.
        clipped_inserted, clipped_held_out: how many rates were larger.
    """

    interval: Interval
    most: float
    clipped_inserted: int
    clipped_held_out: int


def error_gap(
    inserted: ArrayLike, held_out: ArrayLike, confidence: float = 0.95, most: float = 1.0
) -> ErrorGap:
    """Gap of character or word error rates, with the interval of `mean_gap`.

    An error rate has no upper bound that is known beforehand: a recogniser that keeps inserting words has a
    rate of many times 1. Without a bound no interval of a mean holds its confidence at any number of canaries
    (Bahadur and Savage, Ann. Math. Stat. 27, 1956), whatever is done to the tails. So rates are clipped: a
    transcript with as many errors as its reference has words tells no more than an empty one, nor does a
    worse one. With most = 1 and character error rates this is the accuracy gap with its sign turned. A larger
    `most` keeps more of the rates and widens the interval by as much.

    Args:
        inserted: f8[n1] error rates of the inserted canaries, independent, at least 0.
        held_out: f8[n0] error rates of the held-out canaries, independent.
        confidence: two-sided.
        most: rates above it count as it; fixed before looking.

    Raises:
        StatisticError: for an empty arm, a rate that is negative or not finite, or a `most` or confidence out
            of its range.
    """
    if not 0.0 < most < np.inf:
        raise StatisticError(f"is {most}", where="most", how="give a rate above 0, such as 1")
    first, second = vector(inserted, "inserted"), vector(held_out, "held_out")
    for rates, name in ((first, "inserted"), (second, "held_out")):
        if (rates < 0.0).any():
            raise StatisticError("holds a negative rate", where=name, how="give error rates")
    interval = mean_gap(np.minimum(first, most), np.minimum(second, most), confidence, (0.0, most))
    return ErrorGap(interval, most, int((first > most).sum()), int((second > most).sum()))
