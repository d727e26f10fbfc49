"""Random weights of ranks: what the intervals of rank statistics are read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from memaudit.stats.checks import Floats, Ints, share

# Always the same random weights: equal input gives equal limits.
DRAWS, SEED = 20_000, 20_190_814
# Numbers drawn at once, where there are many ranks: 32 MiB of them.
CHUNK = 1 << 22
# Of them so many are worked on at once.
CACHED = 1 << 15
_MOST: ContextVar[int | None] = ContextVar("most", default=None)


@contextmanager
def coarse_limits(draws: int) -> Iterator[None]:
    """Inside it `rank_mean_limits` draws at most so many weights: for studies of very many limits.

    With 4,000 a limit at 99 % lies within about 0.06 standard deviations of the one with infinitely many.
    """
    token = _MOST.set(draws)
    try:
        yield
    finally:
        _MOST.reset(token)


def rank_mean_limits(
    ranks: Ints,
    copies: Ints,
    reference: int,
    value: Callable[[Floats], Floats],
    extremes: tuple[float, float],
    level: float,
) -> tuple[float, float]:
    """Both one-sided limits of the mean over inserted canaries of a statistic of their rank.

    Each holds with `level`. The statistic of one canary is a function of p, the chance that a held-out canary
    scores above it (or above it and at least as high as it: two places on the held-out law). Both unknown
    laws get weights uniform on the simplex and one more atom at the end that moves the limit outwards, as in
    `mean_limit` (Gaffke 2005), drawn independently as in melding (Fay, Proschan and Brittain 2015): the
    inserted sample one with the extreme value, the held-out sample one above all scores (lower limit) or
    below all (upper limit). For one inserted canary, p is then the Clopper-Pearson limit. That it covers is
    shown by simulation, not proved. Both limits rest on the same random weights.

    Args:
        ranks: i8[R] places on the held-out law: how many held-out canaries lie above, ascending.
        copies: i8[m] how many inserted canaries have each of the m distinct values.
        reference: number of held-out canaries.
        value: from shares f8[D, R] of the held-out law above each place to values f8[D, m]; it falls as the
            shares grow.
        extremes: the least and the largest value that there can be.
        level: one-sided confidence.

    Returns:
        (lower, upper).
    """
    level = share(level, "level")
    steps = np.diff(ranks, prepend=0, append=reference).astype(np.float64)
    shapes = copies.astype(np.float64)
    rng, limits = np.random.default_rng(SEED), []
    rows = max(1, CHUNK // (steps.size + shapes.size))
    total = min(DRAWS, _MOST.get() or DRAWS)
    for at in range(0, total, rows):
        draws = min(rows, total - at)
        above = rng.standard_gamma(steps, size=(draws, steps.size))
        weights = rng.standard_gamma(shapes, size=(draws, shapes.size))
        beyond, end = rng.standard_exponential((2, draws, 1))
        # A few rows at a time, which a processor's cache holds.
        few = max(1, CACHED // (steps.size + shapes.size))
        for first in range(0, draws, few):
            block = slice(first, first + few)
            limits.append(_means(above[block], weights[block], beyond[block], end[block], value, extremes))
    lower, upper = np.concatenate(limits, axis=1)
    return float(np.quantile(lower, 1.0 - level)), float(np.quantile(upper, level))


def _means(
    gaps: Floats,
    weights: Floats,
    beyond: Floats,
    end: Floats,
    value: Callable[[Floats], Floats],
    extremes: tuple[float, float],
) -> Floats:
    """The weighted means f8[2, D], with the further atoms at the lower and at the upper end."""
    above = np.cumsum(gaps, axis=1)
    # The further held-out atom lies above every place, or below every one.
    whole = above[:, -1:] + beyond
    total = weights.sum(axis=1) + end[:, 0]
    shares = above[:, :-1] / whole
    upper = value(shares)
    upper *= weights
    shares += beyond / whole
    lower = value(shares)
    lower *= weights
    sums = lower.sum(axis=1) + end[:, 0] * extremes[0], upper.sum(axis=1) + end[:, 0] * extremes[1]
    means: Floats = np.stack(sums) / total
    return means
