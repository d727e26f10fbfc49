"""Recurrent neural network transducers: greedy transcript and exact loss (Graves 2012, arXiv 1211.3711)."""

from __future__ import annotations

import numpy as np

from memaudit.models.decoding.lattice import LogProbabilities, P, Predictor, best, diagonals


def greedy_rnnt(model: Predictor[P], frames: int, *, blank: int, max_symbols: int) -> tuple[int, ...]:
    """The tokens of the greedy search, frame by frame.

    At each frame the best token is written until it is the blank, or until ``max_symbols`` were written.
    NeMo and onnx-asr allow 10 symbols a frame, icefall and sherpa-onnx 1 for icefall's models; a search that
    allows m a frame cannot write a text of more than m T tokens, however likely the model finds it.

    Args:
        model: the utterance.
        frames: T, its encoder frames.
        blank: index of the blank.
        max_symbols: the most tokens of one frame, at least 1.

    Raises:
        NonFiniteScoresError: if the best score of a step is not finite.
    """
    written: list[int] = []
    prediction = model.predict(written, None)
    for frame in range(frames):
        for _ in range(max_symbols):
            token = best(model.join(frame, prediction))
            if token == blank:
                break
            written.append(token)
            prediction = model.predict(written, prediction)
    return tuple(written)


def rnnt_loss(blank: LogProbabilities, label: LogProbabilities) -> float | None:
    """-log p(targets | audio) in nats, summed over every alignment of the full lattice.

    The forward recursion of Graves 2012, section 2.4, in log space and float64. At node (t, u) u targets are
    written; a blank leads to (t + 1, u), the next target to (t, u + 1), so that any number of tokens fits on
    one frame. With frames counted from 0, alpha(0, 0) = 1 and

        alpha(t, u) = alpha(t - 1, u) blank(t - 1, u) + alpha(t, u - 1) label(t, u - 1),

    and the probability is alpha(T - 1, U) blank(T - 1, U): the text ends with the blank of the last frame.
    All nodes of an anti-diagonal t + u are computed at once.

    This is the lattice of the usual training loss ("regular" in k2), also where a search writes one symbol a
    frame at most. Models trained on a one-symbol lattice ("modified" in k2) are measured on the full one too.

    Args:
        blank: [T, U + 1] log-probabilities of the blank; see `columns`.
        label: [T, U] log-probabilities of the next target.

    Returns:
        The loss, at least 0, or None where there is a target and no frame.
    """
    frames, targets = label.shape
    if frames == 0:
        return None if targets else 0.0
    steps = frames + targets
    stay, move = diagonals(blank, steps), diagonals(label, steps)
    alpha = np.full(targets + 1, -np.inf)
    alpha[0] = 0.0
    for stays, moves in zip(stay, move, strict=True):
        moved = alpha[:-1] + moves
        alpha = alpha + stays
        np.logaddexp(alpha[1:], moved, out=alpha[1:])
    return max(0.0, -float(alpha[-1]))
