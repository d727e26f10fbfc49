"""The guesses of the one-run bounds on epsilon: one a coin, the surest first."""

from __future__ import annotations

import re

import numpy as np

from memaudit.audit.sheet import Sheet
from memaudit.stats.epsilon_bound import EpsilonBound
from memaudit.stats.epsilon_chosen import chosen_epsilon
from memaudit.stats.guesses import Guesses, sure_coin_guesses, sure_pair_guesses

_OWN_COIN = re.compile(r"c([0-9]+)-.+")
"""Name of the coin of a canary that has one of its own: it carries the level (see `deal` of kits)."""

TINY = 1e-300
"""A difference below any other that is not 0."""


def guesses_of(sheet: Sheet, repetitions: int | None = None, *, each_copy: bool = False) -> Guesses | None:
    """One guess for each coin of a level, or of all levels; None where there is no coin.

    Which twin of a pair went in is guessed from which has the higher membership, whether a canary with a coin
    of its own went in from which side of the median it lies on. Both the guesses and their order, by how far
    the scores are apart, are made without the coins; ties go by keys of the commitment.

    Args:
        sheet: the canaries of one speed.
        repetitions: the level; None: all of them.
        each_copy: tell how many copies each coin decided about, so that the bound is for one copy; else it is
            for all copies of a canary together.
    """
    pairs = sheet.pairs(repetitions)
    if pairs:
        one, other = np.array(pairs, dtype=np.intp).T
        copies = sheet.repetitions[one] if each_copy else None
        first, second = sheet.membership[one], sheet.membership[other]
        # Twins of equal membership are told apart by the commitment's keys, as the least sure guesses.
        tied, won = first == second, sheet.keys[one] > sheet.keys[other]
        first, second = np.where(tied, TINY * won, first), np.where(tied, TINY * ~won, second)
        return sure_pair_guesses(first, second, copies)
    coins = _own_coins(sheet, repetitions)
    if not coins:
        return None
    rows = np.array([row for row, _ in coins], dtype=np.intp)
    levels = [level for _, level in coins] if each_copy else None
    return sure_coin_guesses(sheet.membership[rows], sheet.inserted[rows], levels)


def one_run_bound(sheet: Sheet, repetitions: int | None, confidence: float) -> EpsilonBound | None:
    """The bound for all copies of a canary together, delta 0; None where there is no coin."""
    guesses = guesses_of(sheet, repetitions)
    return None if guesses is None else chosen_epsilon(guesses, confidence)


def joint_bound(sheet: Sheet, confidence: float) -> EpsilonBound | None:
    """The bound for one copy from every coin of a speed; None where there is none."""
    guesses = guesses_of(sheet, each_copy=True)
    return None if guesses is None else chosen_epsilon(guesses, confidence)


def _own_coins(sheet: Sheet, repetitions: int | None) -> list[tuple[int, int]]:
    """(row, level) of each canary with a coin of its own, by the coin's name."""
    found = []
    for row, utterance in enumerate(sheet.rows):
        match = None if utterance.pair is None else _OWN_COIN.fullmatch(utterance.pair)
        if match is not None and repetitions in (None, int(match[1])):
            found.append((utterance.pair or "", row, int(match[1])))
    return [(row, level) for _, row, level in sorted(found)]
