"""Speed at which half of the accuracy is lost, without a model of how it falls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from memaudit.stats.bounded_mean import mean_limit
from memaudit.stats.checks import Floats, StatisticError, average, bounded, share, vector
from memaudit.stats.dirichlet_mean import with_end
from memaudit.stats.dose_response import Status
from memaudit.stats.half_speed import HalfSpeed
from memaudit.stats.mean_gap import GapLaw


def half_accuracy_speed(
    speeds: ArrayLike, accuracies: Sequence[ArrayLike], confidence: float = 0.95, floor: float = 0.0
) -> HalfSpeed:
    """Speed-up at which mean accuracy has fallen half way from that at the slowest speed to the floor.

    Assumes only that mean accuracy does not grow with speed. The speed is read from means made monotone
    (weighted least squares), on a line in log2 of the speed between two that were measured. Its interval has
    measured speeds as limits: going up from the slowest, the last at which the lower limit of mean(speed) -
    (mean(slowest) + floor) / 2 is above 0, each speed asked only if all slower ones were; going down from the
    fastest, the last at which the upper limit is below 0. As the first wrong answer ends each row, both rows
    keep their level, (1 - confidence) / 2, however many speeds there are. The limits are melded from Gaffke's
    (see `mean_gap_limit`).

    Args:
        speeds: f8[J] distinct speed-ups above 0; J >= 2.
        accuracies: J samples f8[n_j] in 0 to 1, independent, one a speed.
        confidence: two-sided.
        floor: accuracy that nothing falls below: the chance level, known beforehand, 0 to below 1.

    Returns:
        "undefined" where the lower limit of the mean at the slowest speed is not above the floor.

    Raises:
        StatisticError: for speeds that are none, an empty sample, a value outside 0 to 1, or a floor or
            confidence out of its range.
    """
    factors = vector(speeds, "speeds", least=2)
    if (factors <= 0.0).any() or np.unique(factors).size < factors.size or factors.size != len(accuracies):
        raise StatisticError("are not distinct, one a sample", where="speeds", how="give each speed once")
    if not 0.0 <= floor < 1.0:
        raise StatisticError(f"is {floor}", where="floor", how="give a chance level from 0 to below 1")
    level = (1.0 + share(confidence, "confidence")) / 2.0
    order = np.argsort(factors)
    places = factors[order]
    samples = [bounded(accuracies[at], f"accuracies at {factors[at]:g}", (0.0, 1.0)) for at in order]
    if mean_limit(samples[0], level, "lower") <= floor:
        return HalfSpeed("undefined", None, 0.0, np.inf, confidence)
    low, high = float(places[0]), np.inf
    for place, sample in zip(places[1:].tolist(), samples[1:], strict=True):
        if _lower(sample, samples[0], level) <= floor / 2.0:
            break
        low = place
    for place, sample in zip(places[:0:-1].tolist(), samples[:0:-1], strict=True):
        if _upper(sample, samples[0], level) >= floor / 2.0:
            break
        high = place
    status, speed = _estimate(places, samples, floor)
    if speed is not None:
        speed = min(max(speed, low), high)
    return HalfSpeed(status, speed, low, high, confidence)


def _lower(sample: Floats, slowest: Floats, level: float) -> float:
    """Lower limit of mean(sample) - mean(slowest) / 2."""
    return -GapLaw(with_end(slowest / 2.0, 0.5), with_end(sample, 0.0)).quantile(level)


def _upper(sample: Floats, slowest: Floats, level: float) -> float:
    return GapLaw(with_end(sample, 1.0), with_end(slowest / 2.0, 0.0)).quantile(level)


def _estimate(places: Floats, samples: Sequence[Floats], floor: float) -> tuple[Status, float | None]:
    means = np.array([average(sample) for sample in samples])
    sizes = np.array([float(sample.size) for sample in samples])
    falling = isotonic_regression(means, weights=sizes, increasing=False).x
    half = (falling[0] + floor) / 2.0
    if falling[-1] > half:
        return "not reached", None
    after = int(np.argmax(falling <= half))
    before = after - 1
    part = (falling[before] - half) / (falling[before] - falling[after])
    start, stop = np.log2(places[before]), np.log2(places[after])
    return "reached", float(2.0 ** (start + part * (stop - start)))
