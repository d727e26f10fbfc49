"""Connectionist temporal classification: greedy transcript and exact loss (Graves et al. 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from memaudit.models.decoding.softmax import log_softmax

Scores = NDArray[np.floating]


def greedy_path(scores: Scores, blank: int) -> tuple[int, ...]:
    """The tokens of the best path: the best token of each frame, runs merged, blanks dropped.

    Graves et al. 2006, section 3.2 ("best path decoding").

    Args:
        scores: [T, V] logits or log-probabilities; the first of equal scores wins.
        blank: index of the blank.
    """
    best = scores.argmax(axis=1)
    starts = np.ones(best.size, dtype=bool)
    starts[1:] = best[1:] != best[:-1]
    return tuple(int(token) for token in best[starts & (best != blank)])


def frames_needed(targets: Sequence[int]) -> int:
    """The fewest frames that can carry ``targets``: one a token, and a blank between equal neighbours."""
    return len(targets) + sum(a == b for a, b in pairwise(targets))


def ctc_loss(scores: Scores, targets: Sequence[int], blank: int) -> float | None:
    """-log p(targets | scores) in nats, summed over every alignment.

    The forward recursion of Graves et al. 2006, section 4.1, equations 5 to 8, in log space and float64.
    With l' the targets with a blank before, between and after them (2 U + 1 states), alpha_t(s) is y_t(l'_s)
    times the sum of alpha_{t-1} over s, s - 1, and also s - 2 where l'_s is neither blank nor l'_{s-2}.

    Args:
        scores: [T, V] logits or log-probabilities, finite. They are always log-softmaxed, which changes
            nothing where they are log-probabilities already.
        targets: U token indices, none of them the blank; may be empty.
        blank: index of the blank.

    Returns:
        The loss, at least 0, or None where no alignment fits into T frames (see `frames_needed`).

    Raises:
        ValueError: if a target is the blank or no index into V.
    """
    frames, size = scores.shape
    labels = np.asarray(targets, dtype=np.intp)
    if ((labels < 0) | (labels >= size) | (labels == blank)).any():
        raise ValueError(
            f"targets {list(targets)} are not all among {size} tokens other than the blank {blank}"
        )
    if frames < frames_needed(targets):
        return None
    if frames == 0:
        return 0.0
    log_probabilities = log_softmax(scores.astype(np.float64), axis=1)
    states = np.full(2 * labels.size + 1, blank, dtype=np.intp)
    states[1::2] = labels
    # What a jump over a blank adds: 0 where it is allowed, -inf where it is not.
    jump = np.full(states.size, -np.inf)
    jump[3::2][labels[1:] != labels[:-1]] = 0.0
    emissions = log_probabilities[:, states]
    # Two cells of -inf before the first state let one slice expression serve every state.
    alpha = np.full(states.size + 2, -np.inf)
    alpha[2:4] = emissions[0, :2]
    for emission in emissions[1:]:
        stay_or_step = np.logaddexp(alpha[2:], alpha[1:-1])
        alpha[2:] = np.logaddexp(stay_or_step, alpha[:-2] + jump) + emission
    total = alpha[2] if labels.size == 0 else np.logaddexp(alpha[-1], alpha[-2])
    return max(0.0, -float(total))
