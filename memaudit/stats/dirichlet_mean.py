"""The law of a mean under random weights: what the intervals of bounded means are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import BSpline
from scipy.optimize import brentq
from scipy.special import ndtr

from memaudit.stats.checks import Floats

# Up to so many atoms the law is evaluated exactly; the cost grows with the square of the number.
EXACT_ATOMS = 400


@dataclass(frozen=True, eq=False)
class DirichletMean:
    """Law of sum_i w_i x_i with weights w uniform on the simplex, Dirichlet(1, ..., 1).

    Its density is the B-spline with the atoms x as knots (Curry and Schoenberg, J. Anal. Math. 17, 1966), so
    the distribution function is a spline of degree N - 1 in N atoms, evaluated by de Boor's stable recursion.
    Beyond EXACT_ATOMS the Lugannani-Rice saddlepoint formula takes over (Adv. Appl. Prob. 12, 1980): the mean
    lies below t exactly where sum_i E_i (x_i - t) < 0 for independent standard exponentials E.

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

    def cdf(self, points: Floats) -> Floats:
        """P[mean <= point] for each of f8[P] points."""
        low, high = self.atoms[0], self.atoms[-1]
        if self.constant:
            return np.where(points >= low, 1.0, 0.0)
        inside = (points > low) & (points < high)
        result = np.where(points >= high, 1.0, 0.0)
        if inside.any():
            exact = self.atoms.size <= EXACT_ATOMS
            chosen = points[inside]
            result[inside] = self._spline(chosen) if exact else _lugannani_rice(self.atoms, chosen)
        return np.clip(result, 0.0, 1.0)

    def quantile(self, probability: float) -> float:
        """The point below which the mean lies with `probability`, to 1e-12 of the range."""
        low, high = float(self.atoms[0]), float(self.atoms[-1])
        if self.constant:
            return low

        def excess(point: float) -> float:
            return float(self.cdf(np.array([point]))[0]) - probability

        # A jump of probability sits on an end only where all atoms but one coincide there; none in between.
        if excess(low) >= 0:
            return low
        return float(brentq(excess, low, high, xtol=1e-12 * (high - low), rtol=1e-14))

    def grid(self, points: int) -> Floats:
        """f8[points] ascending places that follow the law: dense in the middle, all but 1e-7 of it inside."""
        reach = np.sinh(np.linspace(-4.0, 4.0, points)) / np.sinh(4.0)
        places = self.mean + 17.0 * self.deviation * reach
        return np.unique(np.clip(places, self.atoms[0], self.atoms[-1]))


def _lugannani_rice(atoms: Floats, points: Floats) -> Floats:
    """Saddlepoint approximation of P[mean <= point]; its error shrinks with the number of atoms."""
    values, copies = np.unique(atoms, return_counts=True)
    return np.array([_saddlepoint(values - point, copies) for point in points])


def _saddlepoint(steps: Floats, copies: np.ndarray) -> float:
    """P[sum of copies of E * steps <= 0], steps ascending from below 0 to above 0."""
    left, right = 1.0 / steps[0], 1.0 / steps[-1]

    def slope(s: float) -> float:
        return float((copies * steps / (1.0 - s * steps)).sum())

    edge = 1e-13
    s = brentq(slope, left * (1 - edge), right * (1 - edge), xtol=1e-14 * (right - left))
    scaled = steps / (1.0 - s * steps)
    level = -float((copies * np.log1p(-s * steps)).sum())
    second, third = (float((copies * scaled**power).sum()) for power in (2, 3))
    w = np.sign(s) * np.sqrt(max(-2.0 * level, 0.0))
    if abs(w) < 1e-3:
        # The two reciprocals below cancel; their difference tends to a sixth of the skewness.
        correction = third / second**1.5 * 2.0 / 6.0
    else:
        correction = 1.0 / w - 1.0 / (s * np.sqrt(second))
    return float(ndtr(w) + np.exp(-w * w / 2.0) / np.sqrt(2.0 * np.pi) * correction)
