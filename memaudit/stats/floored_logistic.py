"""Likelihood of a logistic curve above a floor, profiled over the place where it reaches one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, xlog1py, xlogy

from memaudit.stats.checks import Floats

# Slopes per doubling, from flat to a step, and largest floor: at 1/2 the curve never crosses one half.
SLOPES, MOST = (1e-3, 60.0), 0.5 - 1e-9
# Grid over slopes and floors, and how often a five by five grid around the best of it is halved.
FIRST, ROUNDS = (21, 15), 18
# Logarithms of rates that round to 0 stay finite.
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Counts:
    """How many of n canaries are recalled at each log2 dose x, all f8[J], and how many held-out ones."""

    x: Floats
    recalled: Floats
    n: Floats
    floor_recalled: int
    floor_n: int


def likelihood(counts: Counts, half: Floats, log_slope: Floats, floor: Floats) -> Floats:
    """Log likelihood, for parameters whose shapes broadcast.

    P(x) = f + (1 - f) / (1 + exp(-a - b (x - half))), b = exp(log_slope), and a = logit((1/2 - f) / (1 - f)),
    so that P(half) = 1/2. The held-out canaries are binomial with the floor f, 0 <= f < 1/2.
    """
    start = logit((0.5 - floor) / (1.0 - floor))
    argument = np.exp(log_slope)[..., None] * (counts.x - half[..., None]) + start[..., None]
    room = (1.0 - floor)[..., None]
    missed = room * expit(-argument)
    rate = floor[..., None] + room * expit(argument)
    terms = counts.recalled * np.log(np.maximum(rate, TINY)) + (counts.n - counts.recalled) * np.log(
        np.maximum(missed, TINY)
    )
    held_out = xlogy(counts.floor_recalled, floor) + xlog1py(counts.floor_n - counts.floor_recalled, -floor)
    return np.asarray(terms.sum(axis=-1) + held_out, dtype=np.float64)


def profile(counts: Counts, half: Floats, rounds: int = ROUNDS) -> tuple[Floats, Floats, Floats]:
    """Largest log likelihood over slope and floor at each of f8[T] places, and the slope and floor of it.

    Fewer rounds find it to within 4 ** -rounds of what one step of the first grid is worth.
    """
    low, high = np.log(SLOPES[0]), np.log(SLOPES[1])
    slopes = np.tile(np.linspace(low, high, FIRST[0]), (half.size, 1))
    # Floors crowd towards 0, where most held-out rates are.
    floors = np.tile(MOST * np.linspace(0.0, 1.0, FIRST[1]) ** 2, (half.size, 1))
    around = np.linspace(-1.0, 1.0, 5)
    slope_reach, floor_reach = (high - low) / (FIRST[0] - 1), 0.15 * MOST
    rows = np.arange(half.size)
    for _ in range(rounds + 1):
        values = likelihood(counts, half[:, None, None], slopes[:, :, None], floors[:, None, :])
        values = values.reshape(half.size, -1)
        at = values.argmax(axis=1)
        column = floors.shape[1]
        best, slope, floor = values[rows, at], slopes[rows, at // column], floors[rows, at % column]
        slopes = np.clip(slope[:, None] + slope_reach * around, low, high)
        floors = np.clip(floor[:, None] + floor_reach * around, 0.0, MOST)
        slope_reach, floor_reach = slope_reach / 2.0, floor_reach / 2.0
    return best, np.exp(slope), floor
