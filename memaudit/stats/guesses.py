"""Guesses of the coins that decided what went into a training set, the surest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import Bools, Ints, StatisticError, flags, same_length, vector
from memaudit.stats.epsilon_bound import Adjacency


@dataclass(frozen=True, eq=False)
class Guesses:
    """One guess for each coin, in an order that was made without knowing how the coins fell.

    Args:
        right: bool[m] whether each guess was right, the surest first.
        copies: i8[m] how many copies each coin decided about.
        adjacency: what a coin decided.
    """

    right: Bools
    copies: Ints
    adjacency: Adjacency

    def __post_init__(self) -> None:
        flags(self.right, "right")
        same_length(self.right, self.copies, "right and copies")
        if (self.copies < 1).any():
            raise StatisticError("are below 1", where="copies", how="give how often each canary went in")


def sure_pair_guesses(inserted: ArrayLike, twin: ArrayLike, copies: ArrayLike | None = None) -> Guesses:
    """The twin with the higher score went in; the larger the difference of the two, the surer.

    The size of the difference is the same whichever twin went in, so the order says nothing of the coins.
    Pairs of equal difference stay in the order they are given in, which must not depend on the coins either:
    by the name of the pair, not by the inserted canary. Equal scores count as a wrong guess.

    Args:
        inserted: f8[m] scores of the twins that went in, higher means more like a member; finite.
        twin: f8[m] scores of the held-out twins.
        copies: [m] how often the inserted twin went in; 1 if not given, which bounds the group's epsilon.

    Raises:
        StatisticError: for scores that are not finite or vectors of different length.
    """
    first, second = vector(inserted, "inserted", least=0), vector(twin, "twin", least=0)
    same_length(first, second, "inserted and twin")
    order = np.argsort(-np.abs(first - second), kind="stable")
    return Guesses((first > second)[order], _copies(copies, first.size)[order], "replace-one")


def sure_coin_guesses(scores: ArrayLike, inserted: ArrayLike, copies: ArrayLike | None = None) -> Guesses:
    """Canaries with own coins: those above the median went in; the further from the median, the surer.

    Median and distances take no notice of the coins. Canaries of equal distance stay in the order they are
    given in, which must not depend on the coins: by id. At the median itself the guess is "not inserted".

    Args:
        scores: f8[m] of the canaries that had a coin, not of reserve; higher is more like a member; finite.
        inserted: bool[m] how the coins fell.
        copies: [m] how often each went in, or would have if its coin had fallen the other way; 1 if not
            given, which bounds the group's epsilon.

    Raises:
        StatisticError: for scores that are not finite or vectors of different length.
    """
    numbers, arm = vector(scores, "scores", least=0), flags(inserted, "inserted")
    same_length(numbers, arm, "scores and inserted")
    distance = numbers - (np.median(numbers) if numbers.size else 0.0)
    order = np.argsort(-np.abs(distance), kind="stable")
    return Guesses(((distance > 0.0) == arm)[order], _copies(copies, numbers.size)[order], "add-remove")


def _copies(copies: ArrayLike | None, n: int) -> Ints:
    if copies is None:
        return np.ones(n, dtype=np.int64)
    times = vector(copies, "copies", least=0)
    if times.size != n or (times % 1 != 0).any():
        raise StatisticError("are not one count a coin", where="copies", how="give a whole number for each")
    return times.astype(np.int64)
