"""Rates that the statistics promise, over random audits; the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from memaudit.audit.selftest.trial import Trial, at_most
from memaudit.stats.blind_baseline import blind_baseline
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_chosen import chosen_epsilon
from memaudit.stats.epsilon_joint import joint_epsilon
from memaudit.stats.extrapolated_exposure import extrapolated_exposure
from memaudit.stats.guesses import sure_pair_guesses
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.randomisation import randomisation_test
from memaudit.stats.sign_test import sign_test

PHIPSON = "every relabelling is equally likely; Phipson and Smyth 2010"
GAFFKE = "each limit misses at most 2.5 %"
STEINKE = "Steinke, Nasr and Jagielski 2023"
CHOSEN = "law of the largest bound over all numbers of guesses, see memaudit.stats.epsilon_chosen"
PREDICTIVE = "at most 2 in 2^b have b bits, see memaudit.stats.extrapolated_exposure"
CONOVER = "P[Bin(n, 1/2) >= wins]; Conover 1999, section 3.4"


def false_alarms() -> Iterator[Trial]:
    """The relabelling test on models that memorised nothing, without and with nine ties in ten."""
    rng = np.random.default_rng(1)
    for name, tied in (("without ties", 0.0), ("with 90 % ties", 0.9)):
        alarms = 0
        for seed in range(600):
            values = np.where(rng.random(60) < tied, 0.0, rng.random(60))
            strata = np.repeat([0, 1, 2], 20)
            inserted = np.concatenate([rng.permutation(20) < 7 for _ in range(3)])
            test = randomisation_test(values, inserted, strata, seed=seed, relabellings=199)
            alarms += test.p_value <= 0.05
        yield at_most(f"false alarms of the relabelling test, {name}", PHIPSON, 0.05, alarms, 600)


def coverage() -> Iterator[Trial]:
    """Limits of the accuracy gap where inserted canaries are read whole or not at all."""
    rng = np.random.default_rng(2)
    for name, n, m, share in (("5 against 20", 5, 20, 0.3), ("20 against 120", 20, 120, 0.5)):
        low = high = 0
        for _ in range(400):
            held_out = rng.beta(2, 10, m)
            inserted = np.where(rng.random(n) < share, 1.0, rng.beta(2, 10, n))
            found = mean_gap(inserted, held_out)
            true = share * (1.0 - 2.0 / 12.0)
            low += found.low > true
            high += found.high < true
        yield at_most(f"accuracy gap, {name}: lower limit above the truth", GAFFKE, 0.025, low, 400)
        yield at_most(f"accuracy gap, {name}: upper limit below the truth", GAFFKE, 0.025, high, 400)


def epsilons() -> Iterator[Trial]:
    """The one-run bound on coins that nothing was learnt about, and on randomised response."""
    rng = np.random.default_rng(3)
    for true in (0.0, 0.5, 1.0, 2.0):
        right = rng.binomial(100, np.exp(true) / (1.0 + np.exp(true)), 2000)
        bounds = {value: one_run_epsilon(100, value) for value in np.unique(right).tolist()}
        above = sum(bounds[value] > true for value in right.tolist())
        what = "without memorisation" if true == 0.0 else f"of randomised response with epsilon {true:g}"
        yield at_most(f"bound above the truth, 100 guesses {what}", STEINKE, 0.05, above, 2000)


def chosen() -> Iterator[Trial]:
    """The bound from the surest guesses on nothing learnt, and on randomised response."""
    rng = np.random.default_rng(7)
    for true, audits in ((0.0, 1500), (0.5, 600), (1.0, 600), (2.0, 400)):
        above = 0
        for _ in range(audits):
            sure, right = rng.random(40), rng.random(40) < np.exp(true) / (1.0 + np.exp(true))
            guesses = sure_pair_guesses(np.where(right, sure, 0.0), np.where(right, 0.0, sure))
            above += chosen_epsilon(guesses).epsilon > true
        what = "without memorisation" if true == 0.0 else f"of randomised response with epsilon {true:g}"
        yield at_most(
            f"bound from the surest of 40 guesses {what} above the truth", CHOSEN, 0.05, above, audits
        )


def joint() -> Iterator[Trial]:
    """The joint bound on nothing learnt, and on mechanisms that tell each copy by randomised response."""
    rng = np.random.default_rng(8)
    copies = np.array([1, 2, 4])
    for true in (0.0, 0.5, 1.0):
        chances = np.exp(copies * true) / (1.0 + np.exp(copies * true))
        right = rng.binomial(20, chances, (2000, 3))
        totals, audits = np.unique(right.sum(axis=1), return_counts=True)
        above = 0
        # The bound rests on the sum over the levels.
        for total, times in zip(totals.tolist(), audits.tolist(), strict=True):
            shares = [min(20, max(0, total - 20 * level)) for level in range(3)]
            above += times * (joint_epsilon(copies, [20] * 3, shares, "replace-one").epsilon > true)
        what = "without memorisation" if true == 0.0 else f"with epsilon {true:g} a copy"
        yield at_most(
            f"joint bound above the truth, 3 levels of 20 guesses {what}", STEINKE, 0.05, above, 2000
        )


def extrapolated() -> Iterator[Trial]:
    """Exposures read from a fitted law, of canaries that were never inserted."""
    rng = np.random.default_rng(9)
    bits = np.concatenate(
        [
            np.zeros(0) if found.values is None else found.values
            for found in (
                extrapolated_exposure(rng.normal(size=20), rng.normal(size=100), 60.0) for _ in range(400)
            )
        ]
    )
    for wanted in (3, 6):
        name = f"extrapolated exposure of {wanted} bits or more without memorisation"
        yield at_most(name, PREDICTIVE, 2.0 / 2**wanted, int((bits >= wanted).sum()), bits.size)


def signs() -> Iterator[Trial]:
    """The sign test where either of two figures wins as often."""
    rng = np.random.default_rng(10)
    alarms = sum(sign_test(int(wins), 20) <= 0.05 for wins in rng.binomial(20, 0.5, 2000))
    yield at_most("false alarms of the sign test, 20 comparisons", CONOVER, 0.05, alarms, 2000)


def blind() -> Iterator[Trial]:
    """The blind baseline on kits whose arms were drawn by coins."""
    rng = np.random.default_rng(4)
    alarms = 0
    for seed in range(300):
        features = rng.normal(size=(90, 12))
        found = blind_baseline(features, rng.permutation(90) < 30, [0] * 90, seed=seed, relabellings=99)
        alarms += found.p_value <= 0.05
    yield at_most("fair kits that the blind baseline doubts at 5 %", PHIPSON, 0.05, alarms, 300)


SIMULATED = (false_alarms, coverage, epsilons, chosen, joint, extrapolated, signs, blind)
"""Every group of simulations."""
