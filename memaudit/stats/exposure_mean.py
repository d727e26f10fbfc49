"""Limits of the mean exposure, over fresh draws of both arms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from memaudit.stats.checks import Floats, Ints
from memaudit.stats.rank_weights import rank_mean_limits

# More distinct ranks than this are merged into as many steps, equal in log rank.
RANKS = 512


def exposure_mean_limits(better: Ints, reference: int, level: float) -> tuple[float, float]:
    """One-sided limits, in bits, of the expected mean exposure, each of which holds with probability `level`.

    Let p(s) be the chance that a held-out canary scores at least s. The expected exposure of a canary with
    score s is psi(p(s)) with psi(p) = log2(N) - E log2(1 + Bin(N, p)), and the limits are those of
    `rank_mean_limits`.

    Args:
        better: i8[n], how many held-out canaries score at least as high as each inserted one.
        reference: N, the number of held-out canaries.
        level: one-sided confidence.

    Returns:
        (lower, upper).
    """
    counts, copies = _distinct(better)
    least, most = expected_exposure(np.array([1.0, 0.0]), reference).tolist()

    def value(shares: Floats) -> Floats:
        return expected_exposure(shares, reference)

    return rank_mean_limits(counts, copies, reference, value, (least, most), level)


def expected_exposure(p: Floats, reference: int) -> Floats:
    """psi(p) in bits, of any shape: expected exposure if each of N held-out canaries beats with chance p."""
    grid, table, slopes = _exposure_table(reference)
    places = reference * p
    np.log1p(places, out=places)
    # As numpy.interp, but the places of the table are evenly spaced: nothing has to be searched.
    at = np.minimum((places / grid[1]).astype(np.intp), grid.size - 1)
    places -= grid.take(at)
    places *= slopes.take(at)
    places += table.take(at)
    return places


@lru_cache(maxsize=64)
def _exposure_table(reference: int) -> tuple[Floats, Floats, Floats]:
    """Places evenly spaced in log(1 + N p) from 0 on, psi there, and its slope from each to the next.

    From ln(1 + k) = int_0^inf exp(-t) (1 - exp(-t k)) / t dt and E exp(-t K) = (1 - p (1 - exp(-t)))^N; with
    t = e^u the trapezium rule converges exponentially.
    """
    grid = np.linspace(0.0, np.log1p(reference), 1500)
    p = np.minimum(np.expm1(grid) / reference, 1.0)
    t = np.exp(np.arange(np.log(1e-11 / reference), np.log(45.0), 0.1))
    with np.errstate(divide="ignore"):
        missed = -np.expm1(reference * np.log1p(-np.outer(p, -np.expm1(-t))))
    integral = 0.1 * missed @ np.exp(-t)
    table = np.log2(reference) - integral / np.log(2.0)
    return grid, table, np.append(np.diff(table) / np.diff(grid), 0.0)


def _distinct(better: Ints) -> tuple[Ints, Ints]:
    """Distinct counts ascending and how often each occurs, merged where there are very many."""
    counts, copies = np.unique(better, return_counts=True)
    if counts.size <= RANKS:
        return counts, copies
    places = np.log1p(counts)
    step = np.minimum((places / places[-1] * RANKS).astype(np.int64), RANKS - 1)
    used = np.unique(step)
    middle = [int(np.average(counts[step == s], weights=copies[step == s])) for s in used]
    return np.unique(middle), np.array([copies[step == s].sum() for s in used])
