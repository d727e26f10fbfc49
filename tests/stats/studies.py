"""Longer simulations of what the bounds on epsilon promise: python -m tests.stats.studies [audits]."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_chosen import chosen_epsilon, chosen_epsilon_with_delta
from memaudit.stats.epsilon_fdp import fdp_estimate
from memaudit.stats.epsilon_joint import joint_epsilon
from memaudit.stats.gaussian_dp import gaussian_epsilon
from memaudit.stats.guesses import Guesses, sure_coin_guesses, sure_pair_guesses
from tests.stats import mechanisms

Mechanism = Callable[[np.random.Generator, mechanisms.Coins, float], mechanisms.Scores]
DELTA, COINS = 1e-5, 60
LEVELS = np.repeat([1, 2, 4], COINS // 3)


def bounds(scores: mechanisms.Scores, coins: mechanisms.Coins, copies: np.ndarray) -> dict[str, float]:
    """Every bound for one audit of coins with these scores; pairs have them as differences."""
    signed = np.where(coins, scores, -scores)
    pairs = sure_pair_guesses(signed, np.zeros(coins.size), copies)
    own = sure_coin_guesses(scores, coins, copies)
    each = [(int((own.copies == r).sum()), int(own.right[own.copies == r].sum())) for r in np.unique(copies)]
    group = Guesses(own.right, np.ones(coins.size, dtype=np.int64), "add-remove")
    right = int(own.right.sum())
    found = {
        "fixed, joint": joint_epsilon(np.unique(copies), *zip(*each, strict=True), "add-remove").epsilon,
        "chosen, pairs": chosen_epsilon(pairs).epsilon,
        "chosen, coins": chosen_epsilon(own).epsilon,
    }
    if np.unique(copies).size == 1:
        found["fixed, delta"] = one_run_epsilon(coins.size, right, 0.95, DELTA)
        found["chosen, delta"] = chosen_epsilon_with_delta(group, DELTA).epsilon
        found["f-DP estimate"] = fdp_estimate(coins.size, right, DELTA, "add-remove").epsilon
    return found


def study(
    name: str, truth: float, draw: Callable[[np.random.Generator], dict[str, float]], audits: int
) -> None:
    """One line a bound: how often it is above the truth, and its mean."""
    rng = np.random.default_rng(11)
    table: dict[str, list[float]] = {}
    for _ in range(audits):
        for kind, value in draw(rng).items():
            table.setdefault(kind, []).append(value)
    for kind, values in table.items():
        over = float(np.mean(np.array(values) > truth + 1e-9))
        print(f"{name:<28} {truth:6.3f}  {kind:<14} above {100 * over:5.2f} %  mean {np.mean(values):6.3f}")


def main(audits: int) -> None:
    """Null audits, mechanisms of known epsilon, and partial memorisation."""
    ones = np.ones(COINS, dtype=np.int64)

    def null(rng: np.random.Generator) -> dict[str, float]:
        return bounds(rng.normal(size=COINS), rng.random(COINS) < 0.5, ones)

    def null_levels(rng: np.random.Generator) -> dict[str, float]:
        return bounds(rng.standard_cauchy(COINS), rng.random(COINS) < 0.5, LEVELS)

    study("nothing memorised", 0.0, null, audits)
    study("nothing, copies 1, 2, 4", 0.0, null_levels, audits)
    for name in ("randomised_response", "laplace", "mixed", "all_or_nothing"):
        for epsilon in (0.5, 1.0, 2.0):

            def known(
                rng: np.random.Generator, name: str = name, epsilon: float = epsilon
            ) -> dict[str, float]:
                coins = rng.random(COINS) < 0.5
                return bounds(getattr(mechanisms, name)(rng, coins, epsilon), coins, ones)

            study(name, epsilon, known, audits // 2)

    def laplace_copies(rng: np.random.Generator) -> dict[str, float]:
        coins = rng.random(COINS) < 0.5
        scores = np.where(coins, 0.5, -0.5) * LEVELS + rng.laplace(0.0, 2.0, COINS)
        return bounds(scores, coins, LEVELS)

    study("laplace, copies 1, 2, 4", 0.5, laplace_copies, audits // 2)
    for mean in (0.5, 1.0, 2.0):

        def gaussian(rng: np.random.Generator, mean: float = mean) -> dict[str, float]:
            coins = rng.random(COINS) < 0.5
            return bounds(mechanisms.gaussian(rng, coins, mean), coins, ones)

        study(f"gaussian mu {mean}, delta {DELTA}", gaussian_epsilon(mean, DELTA), gaussian, audits // 2)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
