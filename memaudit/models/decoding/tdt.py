"""Token-and-duration transducers: greedy transcript and exact loss (Xu et al. 2023, arXiv 2304.06795)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.models.decoding.lattice import LogProbabilities, P, Predictor, best, diagonals


def greedy_tdt(
    model: Predictor[P], frames: int, *, blank: int, size: int, durations: Sequence[int], max_symbols: int
) -> tuple[int, ...]:
    """The tokens of the greedy search.

    At each step the best token and, on its own, the best duration are taken, and the search moves on by that
    duration. It moves on by one frame where the duration is 0 and the token is the blank, or is the last of
    ``max_symbols`` without a move.

    Args:
        model: the utterance; its scores are V of tokens, then one a duration.
        frames: T, its encoder frames.
        blank: index of the blank.
        size: V, the blank included.
        durations: in frames, in the order of their scores.
        max_symbols: the most tokens without a move, at least 1.

    Raises:
        NonFiniteScoresError: if the best score of a step is not finite.
    """
    written: list[int] = []
    prediction = model.predict(written, None)
    frame = here = 0
    while frame < frames:
        scores = model.join(frame, prediction)
        token, duration = best(scores[:size]), durations[best(scores[size:])]
        if token != blank:
            written.append(token)
            prediction = model.predict(written, prediction)
            here += 1
        if duration == 0 and (token == blank or here == max_symbols):
            duration = 1
        if duration:
            frame += duration
            here = 0
    return tuple(written)


def tdt_loss(
    blank: LogProbabilities, label: LogProbabilities, duration: LogProbabilities, durations: Sequence[int]
) -> float | None:
    """-log p(targets | audio) in nats, summed over every alignment and every choice of durations.

    The forward recursion of Xu et al. 2023, section 3.2, in log space and float64. Token and duration have
    distributions of their own, which are multiplied. With frames counted from 0, D the durations, u targets
    written at node (t, u), and alpha(0, 0) = 1,

        alpha(t, u) = sum over d in D without 0 of alpha(t - d, u) blank(t - d, u) duration(d | t - d, u)
                    + sum over d in D of alpha(t - d, u - 1) label(t - d, u - 1) duration(d | t - d, u - 1),

    and the probability is the first sum alone at (T, U), as NeMo's loss has it: the text ends with a blank
    whose duration leads exactly to the end. A blank of duration 0, and a token that leads to the end or
    beyond it, belong to no alignment, so the probabilities of all texts add up to less than 1. What training
    adds to its loss (the under-normalisation sigma, the RNNT share omega) is no part of a probability.

    Args:
        blank: [T, U + 1] log-probabilities of the blank; see `columns`.
        label: [T, U] log-probabilities of the next target.
        duration: [T, U + 1, len(durations)] log-probabilities of the durations.
        durations: in frames, at least 0, each once.

    Returns:
        The loss, at least 0, or None where no alignment fits into T frames, as without a duration of 0 or
        where no sum of durations is T.

    Raises:
        ValueError: if a duration is negative or given twice.
    """
    frames, targets = label.shape
    spans = np.asarray(durations, dtype=np.intp)
    if (spans < 0).any() or np.unique(spans).size != spans.size:
        raise ValueError(f"durations {list(durations)} are not different numbers from 0 up")
    if frames == 0:
        return None if targets else 0.0
    longest = int(spans.max(initial=0))
    rows = frames + targets
    moving = spans > 0
    stay = diagonals(blank[:, :, np.newaxis] + duration[:, :, moving], rows)
    # A token may not lead to the end of the audio.
    inside = np.where(np.arange(frames)[:, np.newaxis] + spans < frames, 0.0, -np.inf)
    ahead = label[:, :, np.newaxis] + duration[:, :targets] + inside[:, np.newaxis]
    move = diagonals(ahead, rows)
    stays, moves = spans[moving], spans + 1
    alpha = np.full((rows + longest + 2, targets + 1), -np.inf)
    alpha[0, 0] = 0.0
    for node in range(rows):
        now = alpha[node, :, np.newaxis]
        to = node + stays
        alpha[to] = np.logaddexp(alpha[to], (now + stay[node]).T)
        to = node + moves
        alpha[to, 1:] = np.logaddexp(alpha[to, 1:], (now[:-1] + move[node]).T)
    total = float(alpha[rows, targets])
    return None if total == -np.inf else max(0.0, -total)
