"""The law of a mean under random weights: what the intervals of bounded means are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.interpolate import BSpline, PchipInterpolator
from scipy.optimize import brentq
from scipy.special import ndtr

from memaudit.stats.checks import Floats
from memaudit.stats.contour import tabulate_law

# Up to so many atoms the law is evaluated exactly; the cost grows with the square of the number.
EXACT_ATOMS = 400
# Places of the table; a gap of two means read from such tables is right to about 1e-5 of the range.
TABULATED = 401


@dataclass(frozen=True, eq=False)
class DirichletMean:
    """Law of sum_i w_i x_i with weights w uniform on the simplex, Dirichlet(1, ..., 1).

    Its density is the B-spline with the atoms x as knots (Curry and Schoenberg, J. Anal. Math. 17, 1966), so
    the distribution function is a spline of degree N - 1 in N atoms, evaluated by de Boor's stable recursion.
    Beyond EXACT_ATOMS a contour integral takes over, right to 1e-5.

    Args:
        atoms: f8[N] ascending, N >= 1, finite.
    """

    atoms: Floats

    @property
    def constant(self) -> bool:
        """Whether all atoms are one value, which is then the only value of the mean."""
        return bool(self.atoms[0] == self.atoms[-1])

    @cached_property
    def mean(self) -> float:
        """Expected value."""
        return float(self.atoms.mean())

    @cached_property
    def deviation(self) -> float:
        """Standard deviation."""
        return float(self.atoms.std() / np.sqrt(self.atoms.size + 1))

    @cached_property
    def _spline(self) -> BSpline:
        degree = self.atoms.size - 1
        ends = np.full(degree, self.atoms[0]), np.full(degree, self.atoms[-1])
        knots = np.concatenate([ends[0], self.atoms, ends[1]])
        return BSpline(knots, np.repeat([0.0, 1.0], degree), degree)

    @cached_property
    def _scores(self) -> PchipInterpolator:
        return PchipInterpolator(*tabulate_law(self.atoms), extrapolate=False)

    def cdf(self, points: Floats) -> Floats:
        """P[mean <= point] for each of f8[P] points."""
        low, high = self.atoms[0], self.atoms[-1]
        result = np.where(points >= high, 1.0, 0.0)
        inside = (points > low) & (points < high)
        if not inside.any():
            return result
        if self.atoms.size <= EXACT_ATOMS:
            result[inside] = np.clip(self._spline(points[inside]), 0.0, 1.0)
        else:
            scores = self._scores(points[inside])
            outside = np.where(points[inside] > self.mean, 1.0, 0.0)
            result[inside] = np.where(np.isnan(scores), outside, ndtr(scores))
        return result

    def quantile(self, probability: float) -> float:
        """The point below which the mean lies with `probability`, to 1e-12 of the range."""
        low, high = float(self.atoms[0]), float(self.atoms[-1])
        if self.constant:
            return low

        def excess(point: float) -> float:
            return float(self.cdf(np.array([point]))[0]) - probability

        return float(brentq(excess, low, high, xtol=1e-12 * (high - low), rtol=1e-14))

    @cached_property
    def table(self) -> tuple[Floats, Floats]:
        """Ascending places, dense in the middle of the law and with all but 1e-7 of it inside, and the cdf
        there."""
        reach = np.sinh(np.linspace(-4.0, 4.0, TABULATED)) / np.sinh(4.0)
        places = np.clip(self.mean + 17.0 * self.deviation * reach, self.atoms[0], self.atoms[-1])
        places = np.unique(places)
        return places, self.cdf(places)


def with_end(sample: Floats, end: float) -> DirichletMean:
    """Confidence distribution of the mean of what was sampled: one more atom, at an end of the range.

    Remembered, since one held-out arm is compared with many inserted ones, at several levels.
    """
    return _with_end(np.sort(sample).tobytes(), float(end))


@lru_cache(maxsize=128)
def _with_end(sample: bytes, end: float) -> DirichletMean:
    return DirichletMean(np.sort(np.append(np.frombuffer(sample), end)))
