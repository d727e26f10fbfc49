"""The law of a mean of very many values under random weights, by a contour integral."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from memaudit.stats.checks import Floats

Complex = NDArray[np.complex128]

# Groups into which the middle of a large sample is merged, and values kept at either end of it.
GROUPS, KEPT = 128, 32
# Places at which the law is tabulated, in steps of the signed root of the deviance up to REACH.
PLACES, REACH = 105, 6.5
# Nodes of the trapezium rule; twice as many change no probability by more than 1e-6 of it.
NODES = 32


def tabulate_law(atoms: Floats) -> tuple[Floats, Floats]:
    """Points t ascending and normal scores Phi^-1(P[sum_i w_i x_i <= t]), weights w uniform on the simplex.

    The mean lies below t exactly where Q = sum_i E_i (x_i - t) < 0 for independent standard exponentials E.
    With K the cumulant function of Q, P[Q > 0] is the integral of Im[exp(K(s)) / s ds] / pi along any path
    from a real c > 0, where K is finite, up through the upper half plane; for c < 0 minus that integral is
    P[Q < 0]. Through the saddlepoint of K and along steepest descent the integrand hardly oscillates
    (Daniels, Ann. Math. Stat. 25, 1954), so few nodes do.

    Args:
        atoms: f8[N] ascending, not all equal.
    """
    values, copies = _merge(atoms)
    points, lines = _saddlepoints(values, copies)
    tails = np.array([_tail(values - t, copies, c) for t, c in zip(points, lines, strict=True)])
    return points, -np.sign(lines) * ndtri(np.clip(tails, 1e-300, 1.0))


def _saddlepoints(values: Floats, copies: Floats) -> tuple[Floats, Floats]:
    """Points t[PLACES] that follow the law, and for each a place c near the saddlepoint, never close to 0.

    With s = 1 / (z - t) the equation K'(s) = 0 solves for t, the mean of the x_i under weights 1 / (z - x_i):
    so z runs over both sides of the atoms, and nothing is searched.
    """
    n = copies.sum()
    mean = float(copies @ values / n)
    spread = float(np.sqrt(copies @ (values - mean) ** 2 / n))
    span = float(values[-1] - values[0])
    distance = np.geomspace(1e-7 * span, 100.0 * (span + spread * np.sqrt(n)), 300)
    z = np.concatenate([values[0] - distance, values[-1] + distance[::-1]])
    weights = copies / (z[:, None] - values)
    t = weights @ values / weights.sum(axis=1)
    s = 1.0 / (z - t)
    deviance = 2.0 * np.log(s[:, None] * (z[:, None] - values)) @ copies
    w = np.sign(s) * np.sqrt(np.maximum(deviance, 0.0))
    order = np.argsort(t)
    places = np.linspace(-REACH, REACH, PLACES)
    places = places[(places > w[order[0]]) & (places < w[order[-1]])]
    points = np.interp(places, np.maximum.accumulate(w[order]), t[order])
    # One standard deviation of Q from the pole at 0, and not beyond half way to where K ends.
    least = 1.0 / np.sqrt(n * (spread**2 + (mean - points) ** 2))
    right, left = 1.0 / (values[-1] - points), 1.0 / (points - values[0])
    saddle = np.interp(points, t[order], s[order])
    sides = np.where(places < 0, -1.0, 1.0)
    close = np.minimum(least, np.where(places < 0, left, right) / 2.0)
    return points, sides * np.maximum(np.abs(saddle), close)


def _tail(steps: Floats, copies: Floats, c: float) -> float:
    """P[Q > 0] for c > 0, P[Q < 0] for c < 0, with Q the sum of the steps times gamma(copies) variables.

    The path leaves c upwards and bends as steepest descent does, by the third over the second cumulant.
    """
    scaled = steps / (1.0 - c * steps)
    second, third = float(copies @ scaled**2), 2.0 * float(copies @ scaled**3)
    # The scale of the path is the nearest singularity: the pole at 0, or where K ends.
    end = 1.0 / (steps[-1] if c > 0 else steps[0])
    scale = min(abs(c), abs(end - c))
    bend = float(np.clip(scale * third / (3.0 * second), -1.0, 1.0))

    def place(v: Floats) -> Complex:
        return np.asarray(c + scale * (bend * (np.cosh(v) - 1.0) + 1j * np.sinh(v)), dtype=np.complex128)

    def exponent(v: Floats) -> Complex:
        return -np.asarray(np.log(1.0 - np.outer(place(v), steps)) @ copies, dtype=np.complex128)

    start = float(exponent(np.zeros(1)).real[0])
    last = float(np.arcsinh(1.0 / (scale * np.sqrt(second))))
    while float(exponent(np.array([last])).real[0]) > start - 25.0:
        last += 0.5
    v = np.linspace(0.0, last, NODES)
    direction = scale * (bend * np.sinh(v) + 1j * np.cosh(v))
    integrand = np.imag(np.exp(exponent(v)) / place(v) * direction)
    integral = (integrand.sum() - (integrand[0] + integrand[-1]) / 2.0) * (v[1] - v[0])
    return float(np.sign(c) * integral / np.pi)


def _merge(atoms: Floats) -> tuple[Floats, Floats]:
    """Distinct values and how often each occurs, as fractions where a large sample was merged.

    A group becomes its two ends with the mean kept: a spread, which can only widen the law.
    """
    if atoms.size <= GROUPS + 2 * KEPT:
        distinct, times = np.unique(atoms, return_counts=True)
        return distinct, times.astype(np.float64)
    middle = atoms[KEPT:-KEPT]
    starts = np.linspace(0, middle.size, GROUPS, endpoint=False).astype(np.int64)
    stops = np.append(starts[1:], middle.size)
    low, high, size = middle[starts], middle[stops - 1], (stops - starts).astype(np.float64)
    mean = np.add.reduceat(middle, starts) / size
    upper = np.clip((mean - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    ends = np.ones(KEPT)
    places = np.concatenate([atoms[:KEPT], low, high, atoms[-KEPT:]])
    shares = np.concatenate([ends, size * (1.0 - upper), size * upper, ends])
    values, place = np.unique(places, return_inverse=True)
    copies = np.bincount(place, weights=shares)
    return values[copies > 0], np.asarray(copies[copies > 0], dtype=np.float64)
