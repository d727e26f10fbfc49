"""Difference of differences: is the gap between the arms wider at one speed than at another?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from memaudit.stats.checks import Floats, average, bounded, share
from memaudit.stats.interval import Interval
from memaudit.stats.mean_gap import GapLaw, upper_gap

# Steps into which the law of one gap is cut to add the other.
STEPS = 400


def difference_of_gaps(
    inserted: ArrayLike,
    held_out: ArrayLike,
    inserted_slow: ArrayLike,
    held_out_slow: ArrayLike,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """(mean inserted - mean held out) minus the same at another speed, with an interval.

    What a model learns of synthetic speech raises both arms of a speed, and their gap takes it away. What is
    left at speed 1 is how much better a model reads any sentence it was trained on; a gap that is wider at a
    high speed, where held-out canaries can't be read, is memorisation. The limits are melded (see
    `mean_gap_limit`) from the confidence distributions of all four means, which are independent.

    Args:
        inserted, held_out: f8[n] values at the speed in question, in `bounds`.
        inserted_slow, held_out_slow: f8[n] values at the speed it is compared with.
        confidence: two-sided; each limit has half of what is left.
        bounds: range of the values, known beforehand.

    Raises:
        StatisticError: for an empty arm, a value outside `bounds`, or a confidence not between 0 and 1.
    """
    a = bounded(inserted, "inserted", bounds)
    b = bounded(held_out, "held_out", bounds)
    c = bounded(inserted_slow, "inserted_slow", bounds)
    d = bounded(held_out_slow, "held_out_slow", bounds)
    level = (1.0 + share(confidence, "confidence")) / 2.0
    difference = (average(a) - average(b)) - (average(c) - average(d))
    # The negative of the second gap, mean(d) - mean(c), is a gap as well.
    high = _sum_quantile(upper_gap(a, b, bounds), upper_gap(d, c, bounds), level)
    low = -_sum_quantile(upper_gap(b, a, bounds), upper_gap(c, d, bounds), level)
    return Interval(difference, min(low, difference), max(high, difference), confidence)


def _sum_quantile(first: GapLaw, second: GapLaw, level: float) -> float:
    """The level quantile of the sum of two independent gaps; the narrower law is cut into pieces."""
    if _spread(first) < _spread(second):
        first, second = second, first
    places, reached = _table(first)
    cuts, passed = _table(second)
    law = PchipInterpolator(places, reached, extrapolate=False)
    middles, masses = (cuts[1:] + cuts[:-1]) / 2.0, np.diff(passed)

    def excess(total: float) -> float:
        return float(law(np.clip(total - middles, places[0], places[-1])) @ masses) - level

    lowest, highest = float(places[0] + cuts[0]), float(places[-1] + cuts[-1])
    return float(brentq(excess, lowest, highest, xtol=1e-9)) if excess(highest) > 0 else highest


def _spread(law: GapLaw) -> float:
    return float(np.hypot(law.above.deviation, law.below.deviation))


def _table(law: GapLaw) -> tuple[Floats, Floats]:
    """Ascending places, dense around the mean, and the distribution function there, from 0 to 1."""
    lowest, highest = law.above.atoms[0] - law.below.atoms[-1], law.above.atoms[-1] - law.below.atoms[0]
    middle = law.above.mean - law.below.mean
    spread = max(_spread(law), 1e-9 * float(highest - lowest))
    reach = 17.0 * spread * np.sinh(np.linspace(-4.0, 4.0, STEPS + 1)) / np.sinh(4.0)
    places = np.unique(np.clip(middle + reach, lowest, highest))
    if places.size < 2:
        return np.array([places[0] - 1e-9, places[0]]), np.array([0.0, 1.0])
    reached = np.clip(law.cdf(places), 0.0, 1.0)
    reached = np.where(reached < 1e-13, 0.0, reached)
    reached[-1] = 1.0
    return places, np.maximum.accumulate(reached)
