"""Interval of the difference of two means of values in a known range."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from memaudit.stats.bounded_mean import Side
from memaudit.stats.checks import Floats, StatisticError, average, bounded, share
from memaudit.stats.dirichlet_mean import with_end
from memaudit.stats.interval import Interval

# Smaller probabilities count as 0: cubic interpolation divides by their differences.
NOTHING = 1e-13


def mean_gap_limit(
    inserted: ArrayLike,
    held_out: ArrayLike,
    level: float,
    side: Side,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> float:
    """One-sided limit of mean(inserted) - mean(held out), which holds with probability `level`.

    Melding (Fay, Proschan and Brittain, Biometrics 71, 2015): the upper limit is the level quantile of U - L
    with U drawn from the upper confidence distribution of the inserted mean and L, independently, from the
    lower one of the held-out mean; both are Gaffke's (see `mean_limit`). Computed by quadrature, without
    random numbers.

    Args:
        inserted: f8[n1] values of the inserted canaries, independent, in `bounds`.
        held_out: f8[n0] values of the held-out canaries, independent, in `bounds`.
        level: one-sided confidence, such as 0.975, or 1 - 0.05 / cells for a family of cells.
        side: "lower" or "upper".
        bounds: range of the values, known beforehand.

    Raises:
        StatisticError: for an empty arm, a value outside `bounds`, or a level that is not between 0 and 1.
    """
    first = bounded(inserted, "inserted", bounds)
    second = bounded(held_out, "held_out", bounds)
    level = share(level, "level")
    if side == "upper":
        return _upper(first, second, level, bounds)
    if side == "lower":
        return -_upper(second, first, level, bounds)
    raise StatisticError(f"is {side!r}", where="side", how="give lower or upper")


def mean_gap(
    inserted: ArrayLike,
    held_out: ArrayLike,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """Two-sided interval of mean(inserted) - mean(held out): both limits of `mean_gap_limit`.

    Args:
        inserted: f8[n1] values of the inserted canaries, independent, in `bounds`.
        held_out: f8[n0] values of the held-out canaries, independent, in `bounds`.
        confidence: two-sided confidence; each limit has half of what is left.
        bounds: range of the values, known beforehand: (0, 1) for accuracies and rates.

    Raises:
        StatisticError: for an empty arm, a value outside `bounds`, or a confidence that is not between 0 and
            1.
    """
    first = bounded(inserted, "inserted", bounds)
    second = bounded(held_out, "held_out", bounds)
    level = (1.0 + share(confidence, "confidence")) / 2.0
    gap = average(first) - average(second)
    low = min(gap, -_upper(second, first, level, bounds))
    high = max(gap, _upper(first, second, level, bounds))
    return Interval(gap, low, high, confidence)


def _upper(first: Floats, second: Floats, level: float, bounds: tuple[float, float]) -> float:
    """The level quantile of U - L, U the upper law of the first mean and L the lower law of the second."""
    above, below = with_end(first, bounds[1]), with_end(second, bounds[0])
    if below.constant:
        return above.quantile(level) - below.mean
    if above.constant:
        return above.mean - below.quantile(1.0 - level)
    cuts, passed = below.table
    masses = np.diff(passed)
    middles = (cuts[1:] + cuts[:-1]) / 2.0
    places, below_place = above.table
    law = PchipInterpolator(places, np.where(below_place < NOTHING, 0.0, below_place), extrapolate=False)

    def excess(gap: float) -> float:
        reached = law(np.clip(gap + middles, places[0], places[-1]))
        return float(masses @ reached) - level

    lowest, highest = places[0] - cuts[-1], places[-1] - cuts[0]
    # The grids leave out less than 1e-7 of either law: a level closer to 1 than that is the whole range.
    if excess(highest) < 0:
        return bounds[1] - bounds[0]
    return float(brentq(excess, lowest, highest, xtol=1e-9))
