"""The skew-normal law: moments, tail to any depth, and the fit by moments, for many samples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.laguerre import laggauss
from scipy.special import log_ndtr, ndtr, owens_t

from memaudit.stats.checks import Floats

# Sample skewness beyond this has no skew-normal (its limit is 0.9953); the fit stops short of it.
MOST_SKEW = 0.99
# Below this the tail is integrated: the difference of two functions would cancel.
DEEP = 1e-3
NODES, WEIGHTS = laggauss(48)
HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)
# Probabilities below this are this: some thousand bits, more than any text holds.
SMALLEST = 1e-300


@dataclass(frozen=True, eq=False)
class SkewNormal:
    """Density 2 / w phi((x - m) / w) Phi(a (x - m) / w) (Azzalini, Scand. J. Statist. 12, 1985).

    Args:
        location, scale, shape: m, w and a, f8[S] for S laws; one law has S = 1.
    """

    location: Floats
    scale: Floats
    shape: Floats

    def cdf(self, x: Floats) -> Floats:
        """P[X <= x] of the points f8[S, n] or f8[n] under each law, f8[S, n]; right to about 1e-15."""
        z, shape = self._standard(x)
        return np.clip(ndtr(z) - 2.0 * owens_t(z, shape), 0.0, 1.0)

    def log_sf(self, x: Floats) -> Floats:
        """log P[X > x] of the points f8[S, n] or f8[n] under each law, f8[S, n], also far out."""
        z, shape = self._standard(x)
        direct = ndtr(-z) + 2.0 * owens_t(z, shape)
        deep = (shape < 0.0) & (z > 0.0) & (direct < DEEP)
        result = np.log(np.maximum(direct, SMALLEST))
        if deep.any():
            result[deep] = _log_tail(z[deep], np.broadcast_to(shape, z.shape)[deep])
        return np.minimum(result, 0.0)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n independent values of each law, f8[S, n]."""
        delta = (self.shape / np.hypot(1.0, self.shape))[:, None]
        first, second = rng.standard_normal((2, self.shape.size, n))
        standard = delta * np.abs(first) + np.sqrt(1.0 - delta**2) * second
        return np.asarray(self.location[:, None] + self.scale[:, None] * standard, dtype=np.float64)

    def _standard(self, x: Floats) -> tuple[Floats, Floats]:
        z = (np.atleast_2d(x) - self.location[:, None]) / self.scale[:, None]
        return z, self.shape[:, None]


def fit_skew_normal(samples: Floats) -> SkewNormal:
    """The law with the mean, standard deviation and skewness of each sample, from f8[S, n].

    With d = a / sqrt(1 + a^2) the skewness is (4 - pi) / 2 (d sqrt(2 / pi))^3 / (1 - 2 d^2 / pi)^(3/2)
    (Azzalini 1985). Moments, not likelihood: that is unbounded in the shape for many small samples and flat
    around the normal law. A sample that is more skewed than any skew-normal gets the skewness MOST_SKEW.
    """
    mean = samples.mean(axis=1)
    centred = samples - mean[:, None]
    spread = np.sqrt((centred**2).mean(axis=1))
    skew = np.clip((centred**3).mean(axis=1) / spread**3, -MOST_SKEW, MOST_SKEW)
    root = np.cbrt(2.0 * skew / (4.0 - np.pi))
    share = root / np.sqrt(1.0 + root**2)
    delta = share * np.sqrt(np.pi / 2.0)
    scale = spread / np.sqrt(1.0 - share**2)
    return SkewNormal(mean - scale * share, scale, delta / np.sqrt(1.0 - delta**2))


def _log_tail(z: Floats, shape: Floats) -> Floats:
    """log of the integral of 2 phi(x) Phi(a x) from z on, f8[n], for a < 0 and z in the upper tail.

    The density is log-concave there: past z it falls at least like exp(-h t) with h its slope at z, so the
    integral is f(z) / h times one of exp(-t) and a slowly falling factor, by Gauss and Laguerre's rule.
    """
    start = _log_density(z, shape)
    slope = z - shape * np.exp(-0.5 * (shape * z) ** 2 - HALF_LOG_2PI - log_ndtr(shape * z))
    inside = _log_density(z[:, None] + NODES / slope[:, None], shape[:, None]) - start[:, None] + NODES
    return np.asarray(start - np.log(slope) + np.log(np.exp(inside) @ WEIGHTS), dtype=np.float64)


def _log_density(z: Floats, shape: Floats) -> Floats:
    return np.asarray(np.log(2.0) - HALF_LOG_2PI - 0.5 * z**2 + log_ndtr(shape * z), dtype=np.float64)
