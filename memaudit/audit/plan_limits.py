"""Where the limits of the accuracy gap will lie, for an audit on paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memaudit.stats.bounded_mean import Side
from memaudit.stats.mean_gap import mean_gap_limit

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scatter:
    """A limit over audits that draw both arms anew: its mean, and its deviation by the cause.

    ``own`` comes from the inserted arm of the cell, ``shared`` from the held-out arm, which the cells of one
    speed have in common.
    """

    mean: float
    own: float
    shared: float

    @property
    def total(self) -> float:
        """Standard deviation from both causes."""
        return float(np.hypot(self.own, self.shared))


def limit_scatter(
    inserted: int, memorised: int, held_out: int, scores: Floats, level: float, side: Side, draws: int
) -> Scatter:
    """Mean and deviation of `mean_gap_limit`, from few draws of the inserted arm.

    The held-out arm lies at evenly spaced quantiles of the scores. A limit hardly depends on more of the
    inserted arm than its mean and variance, whose laws are known: regression on both (control variates,
    Lavenberg and Welch, Management Science 27, 1981) takes the noise of the draws out. The limit moves with
    the held-out mean as it does with the bound, one to one.

    Args:
        inserted, held_out: canaries of the arms.
        memorised: how many of the inserted ones have the accuracy 1.
        scores: f8[v] accuracies of all others, in [0, 1].
        level: one-sided confidence of the limit.
        side: "lower" or "upper".
        draws: how many inserted arms are drawn, at least 8.
    """
    rng = np.random.default_rng([inserted, memorised, held_out])
    reference = np.quantile(scores, (np.arange(held_out) + 0.5) / held_out)
    others = rng.choice(scores, (draws, inserted - memorised))
    arms = np.hstack([others, np.ones((draws, memorised))])
    limits = np.array([mean_gap_limit(arm, reference, level, side) for arm in arms])
    shared = float(scores.std() / np.sqrt(held_out))
    if others.shape[1] < 2:
        return Scatter(float(limits.mean()), float(limits.std()), shared)
    centred = scores - scores.mean()
    second, third, fourth = (float(np.mean(centred**power)) for power in (2, 3, 4))
    known = np.stack(
        [np.ones(draws), others.mean(axis=1) - scores.mean(), others.var(axis=1, ddof=1) - second]
    )
    fit = np.linalg.lstsq(known.T, limits, rcond=None)[0]
    left = float(np.mean((limits - fit @ known) ** 2)) * draws / (draws - 3)
    law = np.array([[second, third], [third, fourth - second**2]]) / others.shape[1]
    return Scatter(float(fit[0]), float(np.sqrt(max(fit[1:] @ law @ fit[1:] + left, 0.0))), shared)
