"""Lower bound on epsilon from the surest guesses, their number chosen after looking."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_expit

from memaudit.stats.checks import Ints, StatisticError, share
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_bound import EpsilonBound
from memaudit.stats.guesses import Guesses
from memaudit.stats.prefix_walk import PrefixWalk

# Up to so many prefix lengths are looked at; more guesses get lengths in a geometric row.
LENGTHS = 400
# The statistic is known up to rounding: thresholds give way by this share of the level, to the safe side.
ROUNDING = 1e-6


def chosen_epsilon(guesses: Guesses, confidence: float = 0.95) -> EpsilonBound:
    """Lower bound on epsilon for one copy at delta = 0, from as many of the surest guesses as show most.

    Theorem, for training that is epsilon-DP for one copy and a guess of every coin with an order of the
    guesses, all made from the model and the unlabelled canaries. Let guess j be about a coin that decided
    r_j copies. Given model, order and the coins of the earlier guesses, Bayes' rule and group privacy bound
    the odds of coin j by e^(r_j epsilon) either way, so guess j is right with chance at most q_j =
    e^(r_j epsilon) / (1 + e^(r_j epsilon)). (This is the step that the proof of Steinke, Nasr and Jagielski
    2023, theorem 3.1, goes by.) Guess by guess, the right ones can therefore be coupled with independent
    Bernoulli(q_j) that are never fewer: every statistic that only grows with right guesses is stochastically
    largest for those.

    Such a statistic is the largest over k of the bound that the first k guesses would give alone, each
    at the level a = 1 - confidence. Its law under independent Bernoulli(q_j) is that of a walk that first
    passes a boundary, which is computed exactly; the bound is the smallest epsilon at which so large a
    statistic has at least probability a. No correction by the number of lengths is needed: they depend on one
    another, and the walk knows how.

    Where choosing gains nothing it costs nothing (100 of 100 right: 3.49 either way; randomised response at
    epsilon 1, 60 guesses: mean bound 0.41, all guesses 0.40). Where a fifth of 60 canaries are memorised and
    the others not, the mean bound rises from 0.06 to 0.75, and over five repetition levels it is two to ten
    times that of `joint_epsilon`. The exact chance of a bound above 0 where nothing is memorised is 4.5, 5.0
    and 5.0 % for 20, 60 and 100 guesses (5.1 to 5.2 % of 2,000 simulated audits with 60).

    Args:
        guesses: surest first, as `sure_pair_guesses` and `sure_coin_guesses` order them.
        confidence: one-sided.

    Returns:
        The bound for one copy (for the group where the guesses were given no copies), with the number of
        guesses at which the statistic is largest.

    Raises:
        StatisticError: for a confidence that is not between 0 and 1.
    """
    level = 1.0 - share(confidence, "confidence")
    lengths = prefix_lengths(guesses.right.size, level)
    ceiling = _all_right(guesses.copies, level)
    epsilon, used = _bound(guesses, lengths, level)
    total, right = guesses.right.size, int(guesses.right.sum())
    return EpsilonBound(
        min(epsilon, ceiling), ceiling, total, right, used, 0.0, confidence, guesses.adjacency
    )


def chosen_epsilon_with_delta(
    guesses: Guesses, delta: float, confidence: float = 0.95, coins: int | None = None
) -> EpsilonBound:
    """Lower bound on the epsilon of (epsilon, delta)-DP from a number of surest guesses that is chosen.

    With delta > 0 nothing holds given the model, so the lengths are m, m/2, m/4, ..., down to 5, and each is
    tested at an equal part of 1 - confidence (Bonferroni): the number of guesses of each test is fixed, which
    is what `one_run_epsilon` asks. All coins must be about one number of copies, the group whose epsilon
    and delta are bounded: with several, the law of right guesses would depend on which are sure.

    Raises:
        StatisticError: for guesses about different numbers of copies, or numbers out of their range.
    """
    if np.unique(guesses.copies).size > 1:
        raise StatisticError(
            "are not all the same",
            where="copies",
            how="choose guesses at one repetition level, or use joint_epsilon",
        )
    level = 1.0 - share(confidence, "confidence")
    total = guesses.right.size
    thrown = total if coins is None else coins
    lengths = [total]
    while lengths[-1] >= 10:
        lengths.append((lengths[-1] + 1) // 2)
    each = 1.0 - level / len(lengths)
    bounds = [one_run_epsilon(k, int(guesses.right[:k].sum()), each, delta, thrown) for k in lengths]
    ceiling = max(one_run_epsilon(k, k, each, delta, thrown) for k in lengths)
    best = int(np.argmax(bounds))
    right = int(guesses.right.sum())
    return EpsilonBound(
        bounds[best], ceiling, total, right, lengths[best], delta, confidence, guesses.adjacency
    )


def prefix_lengths(total: int, level: float) -> Ints:
    """Numbers of guesses that are looked at: all that could show anything, thinned out where very many."""
    least = 1
    while 0.5**least >= level:
        least += 1
    if total < least:
        return np.zeros(0, dtype=np.int64)
    if total - least < LENGTHS:
        return np.arange(least, total + 1)
    return np.unique(np.rint(np.geomspace(least, total, LENGTHS)).astype(np.int64))


def _all_right(copies: Ints, level: float) -> float:
    """The bound where all guesses are right: all are used, and the product of the q_j is the level."""
    levels, numbers = np.unique(copies, return_counts=True)

    def excess(epsilon: float) -> float:
        return float(numbers @ log_expit(levels * epsilon)) - math.log(level)

    if excess(0.0) >= 0.0:
        return 0.0
    highest = 1.0
    while excess(highest) < 0.0:
        highest *= 2.0
    return float(brentq(excess, 0.0, highest, xtol=1e-12))


def _bound(guesses: Guesses, lengths: Ints, level: float) -> tuple[float, int]:
    """The bound, and the number of guesses that gives the largest one alone."""
    if lengths.size == 0:
        return 0.0, guesses.right.size
    walk = PrefixWalk(guesses.copies, lengths)
    right = np.cumsum(guesses.right, dtype=np.int64)[lengths - 1]

    def alone(epsilon: float) -> float:
        return float(walk.tails(epsilon, right).min()) - level

    if alone(0.0) >= 0.0:
        return 0.0, int(lengths[-1])
    highest = 1.0
    while alone(highest) < 0.0:
        highest *= 2.0
    best = float(brentq(alone, 0.0, highest, xtol=1e-9))
    used = int(lengths[int(np.argmin(walk.tails(best, right)))])
    # Where a length alone would give the statistic that was found, or more: what was found must be in it.
    thresholds = walk.thresholds(best, level * (1.0 + ROUNDING))

    def excess(epsilon: float) -> float:
        return walk.crossing(epsilon, thresholds) - level

    if excess(0.0) >= 0.0:
        return 0.0, used
    return (float(brentq(excess, 0.0, best, xtol=1e-9)) if excess(best) > 0.0 else best), used
