"""Figures computed in two ways: by memaudit's functions, and by adding up every case of the definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from memaudit.audit.selftest.trial import Trial, twice
from memaudit.models.decoding.ctc import ctc_loss
from memaudit.models.decoding.lattice import columns
from memaudit.models.decoding.rnnt import rnnt_loss
from memaudit.stats.epsilon_chosen import chosen_epsilon
from memaudit.stats.epsilon_joint import joint_epsilon
from memaudit.stats.guesses import sure_pair_guesses
from memaudit.stats.sign_test import sign_test

Scores = npt.NDArray[np.float64]

GRAVES_2006 = "every path of tokens that merges to the text, added up (Graves et al. 2006, equation 3)"
GRAVES_2012 = "every order of blanks and tokens, added up (Graves 2012, section 2.3)"
COINS = "every outcome of the coins, added up"


def ctc() -> Iterator[Trial]:
    """CTC losses of short texts, with repeated tokens and without."""
    rng = np.random.default_rng(5)
    for frames, targets in ((5, (1, 2)), (6, (1, 1, 2)), (4, ())):
        scores = rng.normal(size=(frames, 3))
        measured = ctc_loss(scores, targets, 0)
        name = f"CTC loss of {len(targets)} tokens in {frames} frames"
        yield twice(name, GRAVES_2006, _ctc(scores, targets), _nan(measured))


def rnnt() -> Iterator[Trial]:
    """Transducer losses of short texts."""
    rng = np.random.default_rng(6)
    for frames, targets in ((4, (1, 2, 2)), (3, (2,)), (3, ())):
        scores = rng.normal(size=(frames, len(targets) + 1, 3))
        measured = rnnt_loss(*columns(scores, targets, 0))
        name = f"transducer loss of {len(targets)} tokens in {frames} frames"
        yield twice(name, GRAVES_2012, _rnnt(scores, targets), _nan(measured))


def coins() -> Iterator[Trial]:
    """The sign test, and the chance of so many right guesses at the bounds on epsilon, which must be 5 %."""
    wins, n = 9, 12
    tail = sum(math.comb(n, k) for k in range(wins, n + 1)) / 2.0**n
    yield twice(f"p-value of {wins} wins in {n}", COINS, tail, sign_test(wins, n))
    copies, guesses, correct = [1, 3], [4, 6], [4, 5]
    bound = joint_epsilon(copies, guesses, correct, "replace-one").epsilon
    chances = [_right(r * bound) for r, times in zip(copies, guesses, strict=True) for _ in range(times)]
    reached = sum(
        _chance(outcome, chances)
        for outcome in itertools.product((False, True), repeat=sum(guesses))
        if sum(outcome) >= sum(correct)
    )
    yield twice("chance at the joint bound, 9 of 10 guesses right", COINS, 0.05, reached)
    yield twice("chance at the chosen bound, 6 of the 7 surest right", COINS, 0.05, _chosen())


def _chosen() -> float:
    """Chance, at the bound from 6 of 7 and none of 3 right guesses, of a bound at least as large."""
    seen = (True, True, True, True, True, True, False, False, False, False)
    bound = _chosen_bound(seen)
    chances = [_right(bound)] * len(seen)
    return sum(
        _chance(outcome, chances)
        for outcome in itertools.product((False, True), repeat=len(seen))
        if _chosen_bound(outcome) >= bound - 1e-9
    )


def _chosen_bound(right: Sequence[bool]) -> float:
    surest_first = np.arange(len(right), 0.0, -1.0)
    told = np.array(right)
    guesses = sure_pair_guesses(np.where(told, surest_first, 0.0), np.where(told, 0.0, surest_first))
    return chosen_epsilon(guesses).epsilon


def _right(epsilon: float) -> float:
    return 1.0 / (1.0 + math.exp(-epsilon))


def _chance(outcome: Sequence[bool], chances: Sequence[float]) -> float:
    return math.prod(p if right else 1.0 - p for right, p in zip(outcome, chances, strict=True))


def _ctc(scores: Scores, targets: Sequence[int], blank: int = 0) -> float:
    frames, size = scores.shape
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(size), repeat=frames):
        merged = [token for token, _ in itertools.groupby(path) if token != blank]
        if merged == list(targets):
            total += math.prod(probabilities[frame, token] for frame, token in enumerate(path))
    return -math.log(total)


def _rnnt(scores: Scores, targets: Sequence[int], blank: int = 0) -> float:
    frames, written = scores.shape[0], len(targets)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    total = 0.0
    # All steps but the last, which is the blank of the last frame.
    for places in itertools.combinations(range(frames - 1 + written), written):
        chance, frame, token = 1.0, 0, 0
        for step in range(frames - 1 + written):
            if step in places:
                chance *= probabilities[frame, token, targets[token]]
                token += 1
            else:
                chance *= probabilities[frame, token, blank]
                frame += 1
        total += chance * probabilities[frame, token, blank]
    return -math.log(total)


def _nan(loss: float | None) -> float:
    return math.nan if loss is None else loss


COMPUTED_TWICE = (ctc, rnnt, coins)
"""Every group of figures that are computed twice."""
