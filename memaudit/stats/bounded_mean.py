"""Interval of the mean of values in a known range."""

from __future__ import annotations

from typing import Literal

from numpy.typing import ArrayLike

from memaudit.stats.checks import StatisticError, average, bounded, share
from memaudit.stats.dirichlet_mean import with_end
from memaudit.stats.interval import Interval

Side = Literal["lower", "upper"]


def mean_limit(
    values: ArrayLike, level: float, side: Side, bounds: tuple[float, float] = (0.0, 1.0)
) -> float:
    """One-sided limit of the mean of a variable in `bounds`, which holds with probability `level`.

    Gaffke's bound (Mathematical Methods of Statistics 14, 2005): the upper limit is the level quantile of the
    mean of the sample and the upper bound under weights uniform on the simplex; the lower limit mirrors it.
    No assumption on the distribution. For 0/1 values it is Clopper-Pearson; it is never wider than Anderson's
    or Hoeffding's bound (Learned-Miller and Thomas 2019; Phan, Thomas and Learned-Miller 2021). That it
    covers for every distribution is proved for 0/1 values and otherwise conjectured; no counter-example is
    known, and the simulations in the tests found none.

    Args:
        values: f8[n] independent draws of one variable, n >= 1.
        level: one-sided confidence, such as 0.975.
        side: "lower" or "upper".
        bounds: range of the variable, known beforehand.

    Raises:
        StatisticError: for no values, a value outside `bounds`, or a level that is not between 0 and 1.
    """
    sample = bounded(values, "values", bounds)
    level = share(level, "level")
    if side == "lower":
        return with_end(sample, bounds[0]).quantile(1.0 - level)
    if side == "upper":
        return with_end(sample, bounds[1]).quantile(level)
    raise StatisticError(f"is {side!r}", where="side", how="give lower or upper")


def mean_interval(
    values: ArrayLike, confidence: float = 0.95, bounds: tuple[float, float] = (0.0, 1.0)
) -> Interval:
    """Two-sided interval of the mean of a variable in `bounds`: both limits of `mean_limit`.

    Args:
        values: f8[n] independent draws of one variable, n >= 1.
        confidence: two-sided confidence; each limit has half of what is left.
        bounds: range of the variable, known beforehand.

    Raises:
        StatisticError: for no values, a value outside `bounds`, or a confidence that is not between 0 and 1.
    """
    sample = bounded(values, "values", bounds)
    level = (1.0 + share(confidence, "confidence")) / 2.0
    mean = average(sample)
    low = min(mean, mean_limit(sample, level, "lower", bounds))
    high = max(mean, mean_limit(sample, level, "upper", bounds))
    return Interval(mean, low, high, confidence)
