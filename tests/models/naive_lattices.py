"""The losses of transducers in plain loops, written from the formulas."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

Grid = NDArray[np.float64]


def naive_rnnt(scores: Grid, targets: Sequence[int], blank: int = 0) -> float:
    """Graves 2012, equation 16 and below, a node at a time."""
    log_p = log_softmax(scores, axis=2)
    alpha = np.full((len(scores) + 1, len(targets) + 1), -np.inf)
    alpha[0, 0] = 0.0
    for t, u in itertools.product(range(len(scores)), range(len(targets) + 1)):
        if t:
            alpha[t, u] = np.logaddexp(alpha[t, u], alpha[t - 1, u] + log_p[t - 1, u, blank])
        if u:
            alpha[t, u] = np.logaddexp(alpha[t, u], alpha[t, u - 1] + log_p[t, u - 1, targets[u - 1]])
    return -float(alpha[len(scores) - 1, len(targets)] + log_p[-1, -1, blank])


def naive_tdt(scores: Grid, targets: Sequence[int], durations: Sequence[int], blank: int = 0) -> float:
    """Xu et al. 2023, equation 7, a node at a time; the end as in NeMo's loss."""
    size = scores.shape[2] - len(durations)
    token, span = log_softmax(scores[:, :, :size], axis=2), log_softmax(scores[:, :, size:], axis=2)
    frames = len(scores)
    alpha = np.full((frames + 1, len(targets) + 1), -np.inf)
    alpha[0, 0] = 0.0
    for t, u in itertools.product(range(frames + 1), range(len(targets) + 1)):
        for k, d in enumerate(durations):
            if 0 < d <= t:
                step = alpha[t - d, u] + token[t - d, u, blank] + span[t - d, u, k]
                alpha[t, u] = np.logaddexp(alpha[t, u], step)
            if u and d <= t < frames:
                step = alpha[t - d, u - 1] + token[t - d, u - 1, targets[u - 1]] + span[t - d, u - 1, k]
                alpha[t, u] = np.logaddexp(alpha[t, u], step)
    return -float(alpha[frames, len(targets)])
