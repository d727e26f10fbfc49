"""Interval of the difference of two means of values in a known range."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from memaudit.stats.bounded_mean import Side
from memaudit.stats.checks import Floats, StatisticError, average, bounded, share
from memaudit.stats.dirichlet_mean import DirichletMean, with_end
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
    random numbers. For 0/1 values its exact one-sided misses stay below 1 - level for all pairs of rates; the
    rival, limits of both means joined by squares, is 1 to 6 % narrower and misses in up to 7 % where 2.5 %
    are promised, and in up to 6 % where 1 % is.

    Args:
        inserted: f8[n1] values of the inserted canaries, independent, in `bounds`.
        held_out: f8[n0] values of the held-out canaries, independent, in `bounds`.
        level: one-sided confidence, such as 0.975, or 1 - 0.05 / cells for a family of cells.
        side: "lower" or "upper".
        bounds: range of the values, known beforehand.

    Raises:
        StatisticError: for an empty arm, a value outside `bounds`, or a level not between 0 and 1.
    """
    first = bounded(inserted, "inserted", bounds)
    second = bounded(held_out, "held_out", bounds)
    level = share(level, "level")
    if side == "upper":
        return upper_gap(first, second, bounds).quantile(level)
    if side == "lower":
        return -upper_gap(second, first, bounds).quantile(level)
    raise StatisticError(f"is {side!r}", where="side", how="give lower or upper")


def mean_gap(
    inserted: ArrayLike,
    held_out: ArrayLike,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """Two-sided interval of mean(inserted) - mean(held out): both limits of `mean_gap_limit`.

    What the coverage costs, and what the cheaper methods miss on their worse side, where 5 % are promised
    (250 simulated audits each; accuracies of which 80 % are 0 and the others near 1, in both arms):

        inserted, held out        5, 20            20, 120
        this interval         0.76,  0.4 %      0.34,  2.0 %
        squares of limits     0.72,  0.4 %      0.34,  2.0 %   (7 % for some pairs of rates)
        Welch's t             0.71, 23   %      0.31,  7.2 %
        bootstrap             0.54, 23   %      0.29,  7.2 %
        Hoeffding's bound     1.22,  0   %      0.59,  0   %

    Over the grid of the tests (all zero, one in a hundred, tenths, bimodal against smooth, nine of ten at one
    value) Welch's t misses in up to 41 %, the bootstrap in up to 41 %, this interval in up to 4 %. Arms that
    are all zero give Welch and the bootstrap a width of 0.

    Args:
        inserted: f8[n1] values of the inserted canaries, independent, in `bounds`.
        held_out: f8[n0] values of the held-out canaries, independent, in `bounds`.
        confidence: two-sided confidence; each limit has half of what is left.
        bounds: range of the values, known beforehand: (0, 1) for accuracies and rates.

    Raises:
        StatisticError: for an empty arm, a value outside `bounds`, or a confidence not between 0 and 1.
    """
    first = bounded(inserted, "inserted", bounds)
    second = bounded(held_out, "held_out", bounds)
    level = (1.0 + share(confidence, "confidence")) / 2.0
    gap = average(first) - average(second)
    low = min(gap, -upper_gap(second, first, bounds).quantile(level))
    high = max(gap, upper_gap(first, second, bounds).quantile(level))
    return Interval(gap, low, high, confidence)


@dataclass(frozen=True, eq=False)
class GapLaw:
    """Law of U - L, U and L independent means under random weights."""

    above: DirichletMean
    below: DirichletMean

    @cached_property
    def _above_is_wider(self) -> bool:
        return self.above.deviation >= self.below.deviation

    @cached_property
    def _wider(self) -> PchipInterpolator:
        places, reached = (self.above if self._above_is_wider else self.below).table
        return PchipInterpolator(places, np.where(reached < NOTHING, 0.0, reached), extrapolate=False)

    @cached_property
    def _narrower(self) -> tuple[Floats, Floats]:
        """Cut into pieces: their middles and masses; across a piece the wider law is nearly straight."""
        cuts, reached = (self.below if self._above_is_wider else self.above).table
        return (cuts[1:] + cuts[:-1]) / 2.0, np.diff(reached)

    def cdf(self, gaps: Floats) -> Floats:
        """P[U - L <= gap] for f8[G] gaps."""
        if self.below.constant:
            return self.above.cdf(gaps + self.below.mean)
        if self.above.constant:
            return 1.0 - self.below.cdf(self.above.mean - gaps)
        middles, masses = self._narrower
        if self._above_is_wider:
            return np.asarray(self._at(np.add.outer(gaps, middles)) @ masses, dtype=np.float64)
        return np.asarray(1.0 - self._at(np.subtract.outer(-gaps, -middles)) @ masses, dtype=np.float64)

    def _at(self, points: Floats) -> Floats:
        places = self._wider.x
        return np.asarray(self._wider(np.clip(points, places[0], places[-1])), dtype=np.float64)

    def quantile(self, level: float) -> float:
        """The gap below which U - L lies with probability `level`."""
        if self.below.constant:
            return self.above.quantile(level) - self.below.mean
        if self.above.constant:
            return self.above.mean - self.below.quantile(1.0 - level)
        places, cuts = self.above.table[0], self.below.table[0]
        lowest, highest = float(places[0] - cuts[-1]), float(places[-1] - cuts[0])

        def excess(gap: float) -> float:
            return float(self.cdf(np.array([gap]))[0]) - level

        # The tables leave out less than 1e-7 of either law: for a level closer to 1 the whole range.
        if excess(highest) < 0:
            return float(self.above.atoms[-1] - self.below.atoms[0])
        return float(brentq(excess, lowest, highest, xtol=1e-9))


def upper_gap(first: Floats, second: Floats, bounds: tuple[float, float]) -> GapLaw:
    """Upper confidence distribution of mean(first) - mean(second)."""
    return GapLaw(with_end(first, bounds[1]), with_end(second, bounds[0]))
