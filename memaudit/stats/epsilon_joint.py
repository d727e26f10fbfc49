"""Lower bound on the epsilon of one copy, from all repetition levels together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from memaudit.stats.checks import Floats, Ints, StatisticError, same_length, share, vector
from memaudit.stats.epsilon_bound import Adjacency, EpsilonBound
from memaudit.stats.group_privacy import VacuousBoundError, group_delta
from memaudit.stats.poisson_binomial import count_law

# Places at which the first epsilon that is not rejected is looked for, before it is refined.
PLACES = 32


def joint_epsilon(
    copies: ArrayLike,
    guesses: ArrayLike,
    correct: ArrayLike,
    adjacency: Adjacency,
    confidence: float = 0.95,
    delta: float = 0.0,
    coins: ArrayLike | None = None,
) -> EpsilonBound:
    """Lower bound on epsilon for one copy, from guesses about canaries with different numbers of copies.

    If training is (epsilon, delta)-DP for one copy, it is (r epsilon, delta_r)-DP for the r copies of a
    canary (`group_delta`). Given the model and the coins before it, the coin of a canary with r copies is
    then guessed right with chance at most q_r = e^(r epsilon) / (1 + e^(r epsilon)), for delta = 0; so the
    number of right guesses is stochastically no more than W, a sum of independent Bernoulli(q_r), and

        P[v or more are right] <= P[W >= v] + 2 sum_j delta_(r_j) max_i P[v - i <= W < v] / i,

    summed over all coins j: theorem 5.2 of Steinke, Nasr and Jagielski (2023), whose proof goes coin by coin
    and so lets every coin have its own epsilon and delta. The bound is the smallest epsilon at which the
    right side is not below 1 - confidence. One level with copies = 1 is `one_run_epsilon`, the bound for the
    group; one level with its copies gives the bound for a single copy.

    Args:
        copies: [L] numbers of copies r, each level once.
        guesses: [L] how many coins of each level were guessed, all of them fixed before looking.
        correct: [L] how many guesses were right.
        adjacency: what a coin decides: "replace-one" for pairs, "add-remove" for canaries with own coins.
        confidence: one-sided.
        delta: for one copy.
        coins: [L] how many coins were thrown, guessed or not; the guesses if not given. Only used where
            delta > 0.

    Returns:
        The bound for one copy; epsilon is 0 where nothing is shown.

    Raises:
        VacuousBoundError: where delta is so large that right guesses throughout would show nothing.
        StatisticError: for counts, a confidence or a delta that are none.
    """
    levels = _levels(copies, guesses, correct, guesses if coins is None else coins)
    level = 1.0 - share(confidence, "confidence")
    group_delta(delta, 0.0, levels[0])
    total, right = int(levels[1].sum()), int(levels[2].sum())
    ceiling = _smallest(levels, total, delta, level)
    if ceiling == 0.0 and delta > 0.0 and _smallest(levels, total, 0.0, level) > 0.0:
        raise VacuousBoundError(
            f"is {delta:g}, at which {total} guesses show nothing even if all are right",
            where="delta",
            how="give a smaller delta, or delta = 0",
        )
    epsilon = min(_smallest(levels, right, delta, level), ceiling)
    return EpsilonBound(epsilon, ceiling, total, right, total, delta, confidence, adjacency)


def joint_p_value(
    copies: Floats, guesses: Ints, coins: Ints, correct: int, epsilon: float, delta: float
) -> float:
    """Bound on the chance of so many right guesses, all levels added up, under (epsilon, delta)-DP."""
    law = count_law(guesses, expit(copies * epsilon))
    reached = float(law[correct:].sum())
    slack = 2.0 * float(coins @ group_delta(delta, epsilon, copies)) if delta else 0.0
    if correct == 0 or slack == 0.0:
        return min(reached, 1.0)
    # A window that reaches below no right guess only divides the same mass by more.
    window = np.cumsum(law[:correct][::-1]) / np.arange(1, correct + 1)
    return min(reached + slack * float(window.max()), 1.0)


def _smallest(levels: tuple[Floats, Ints, Ints, Ints], correct: int, delta: float, level: float) -> float:
    """Smallest epsilon whose p-value is not below the level."""
    copies, guesses, _, coins = levels

    def excess(epsilon: float) -> float:
        return joint_p_value(copies, guesses, coins, correct, epsilon, delta) - level

    if correct == 0 or excess(0.0) >= 0.0:
        return 0.0
    # All but the level of W = n is needed at most: q_r >= level^(1/n) for some r, so this epsilon is enough.
    highest = 1.0
    while excess(highest) < 0.0:
        highest *= 2.0
    places = np.linspace(0.0, highest, PLACES + 1)
    first = next(at for at, place in enumerate(places.tolist()) if excess(place) >= 0.0)
    return float(brentq(excess, places[first - 1], places[first], xtol=1e-10))


def _levels(
    copies: ArrayLike, guesses: ArrayLike, correct: ArrayLike, coins: ArrayLike
) -> tuple[Floats, Ints, Ints, Ints]:
    times = vector(copies, "copies")
    if np.unique(times).size < times.size or (times < 1).any() or (times % 1 != 0).any():
        raise StatisticError(
            "are not distinct counts of 1 or more", where="copies", how="give each level once"
        )
    columns = [vector(column, name) for column, name in _named(guesses, correct, coins)]
    for column, (_, name) in zip(columns, _named(guesses, correct, coins), strict=True):
        same_length(times, column, f"copies and {name}")
        if (column < 0).any() or (column % 1 != 0).any():
            raise StatisticError("are no counts", where=name, how="give whole numbers of at least 0")
    guessed, right, thrown = (column.astype(np.int64) for column in columns)
    if (right > guessed).any() or (guessed > thrown).any():
        raise StatisticError(
            "exceed what they are part of", where="correct", how="give correct <= guesses <= coins"
        )
    return times, guessed, right, thrown


def _named(guesses: ArrayLike, correct: ArrayLike, coins: ArrayLike) -> tuple[tuple[ArrayLike, str], ...]:
    return (guesses, "guesses"), (correct, "correct"), (coins, "coins")
