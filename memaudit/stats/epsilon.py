"""Lower bound on epsilon from one training run."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betaincinv, expit, logit

from memaudit.stats.binomial import chance_at_least
from memaudit.stats.checks import StatisticError, count, same_length, share, vector
from memaudit.stats.poisson_binomial import binomial_law


def one_run_epsilon(
    guesses: int,
    correct: int,
    confidence: float = 0.95,
    delta: float = 0.0,
    canaries: int | None = None,
) -> float:
    """Lower bound on epsilon, which holds with probability `confidence`; 0 where nothing is shown.

    Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run (NeurIPS 2023): if training is
    (epsilon, delta)-DP and m independent fair coins decided what went in, then for W ~ Bin(r, q) with
    q = e^epsilon / (1 + e^epsilon)

        P[v or more of r guesses are right] <= beta + 2 m delta alpha,
        beta = P[W >= v],  alpha = max over i of P[v - i <= W < v] / i.

    The bound is the smallest epsilon at which the right side is not below 1 - confidence. Where a coin
    chooses between twins the adjacency is replace-one; where every canary has its own, add/remove.

    Args:
        guesses: r, how many canaries or pairs were guessed; fixed before looking at the scores.
        correct: v, how many guesses were right.
        confidence: one-sided.
        delta: of the differential privacy that is tested.
        canaries: m, how many coins were thrown, guessed or not; r if not given. Only used where delta > 0.

    Raises:
        StatisticError: unless 0 <= correct <= guesses <= canaries, 0 < confidence < 1 and 0 <= delta < 1.
    """
    guesses = count(guesses, "guesses")
    correct = count(correct, "correct", most=guesses)
    coins = guesses if canaries is None else count(canaries, "canaries", least=guesses)
    level = 1.0 - share(confidence, "confidence")
    if not 0.0 <= delta < 1.0:
        raise StatisticError(f"is {delta}", where="delta", how="give a number from 0 to below 1")
    if correct == 0:
        return 0.0
    # P[Bin(r, q) >= v] is the distribution function of Beta(v, r - v + 1) at q.
    pure = float(logit(betaincinv(correct, guesses - correct + 1, level)))
    if pure <= 0.0 or delta == 0.0:
        return max(pure, 0.0)

    def excess(epsilon: float) -> float:
        return p_value(guesses, correct, epsilon, delta, coins) - level

    return float(brentq(excess, 0.0, pure, xtol=1e-10)) if excess(0.0) < 0.0 else 0.0


def p_value(guesses: int, correct: int, epsilon: float, delta: float, canaries: int) -> float:
    """Bound on the chance of so many right guesses under (epsilon, delta)-DP: beta + 2 m delta alpha."""
    rate = float(expit(epsilon))
    beta = chance_at_least(correct, guesses, rate)
    if delta == 0.0 or correct == 0:
        return min(beta, 1.0)
    # The window reaches down to no right guess; a wider one only divides the same mass by more.
    window = np.cumsum(binomial_law(guesses, rate)[:correct][::-1])
    alpha = float((window / np.arange(1, correct + 1)).max())
    return min(beta + 2.0 * canaries * delta * alpha, 1.0)


def pair_guesses(inserted: ArrayLike, twin: ArrayLike) -> tuple[int, int]:
    """One guess for each pair, fixed before looking: the twin with the higher membership score went in.

    A tie counts as a wrong guess; break ties by keys beforehand, so that a fair coin decides them.

    Args:
        inserted: f8[m] membership scores of the twins that went in; higher means more like a member.
        twin: f8[m] scores of the held-out twins, in the same order; no NaN, infinities allowed.

    Returns:
        (guesses, correct): m and the number of right guesses.

    Raises:
        StatisticError: for NaN or vectors of different length.
    """
    first = vector(inserted, "inserted", least=0, finite=False)
    second = vector(twin, "twin", least=0, finite=False)
    same_length(first, second, "inserted and twin")
    return first.size, int((first > second).sum())
