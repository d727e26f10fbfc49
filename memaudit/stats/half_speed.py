"""Speed and response: at which speed-up half of the canaries are no longer recalled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import StatisticError, vector
from memaudit.stats.dose_response import Status, dose_response

# Held-out canaries of a floor that is known to be 0.
CERTAIN = 10**9


@dataclass(frozen=True, slots=True)
class HalfSpeed:
    """Speed at which half is lost.

    Args:
        status: "reached" within the speeds that were given; "not reached" by the fastest, where more than
            half is left; "already reached" below the slowest, where less than half was there; "undefined"
            where there is nothing to lose.
        speed: where half is lost; None unless reached.
        low, high: limits of that speed; 0 and infinity where the data don't bound it.
        confidence: of the interval, two-sided.
    """

    status: Status
    speed: float | None
    low: float
    high: float
    confidence: float

    def __post_init__(self) -> None:
        inside = self.speed is None or self.low <= self.speed <= self.high
        reached = self.status == "reached"
        if not (0.0 <= self.low <= self.high and inside and (self.speed is not None) == reached):
            raise StatisticError(
                f"{self.status} at {self.speed}, {self.low} to {self.high}", where="half speed"
            )


def half_speed(
    speeds: ArrayLike,
    recalled: ArrayLike,
    n: ArrayLike,
    confidence: float = 0.95,
    floor: tuple[int, int] | None = None,
) -> HalfSpeed:
    """Logistic fit of exact recall on log2 of the speed: the speed-up at which half is recalled.

    The fit and interval of `dose_response`, with reciprocal speeds as doses: recall falls as speed grows.
    Give canaries of one number of repetitions, or held-out ones, at several speeds.

    Args:
        speeds: f8[J] distinct speed-ups above 0, such as 1, 2, 4; J >= 2.
        recalled: [J] how many canaries come out right at each.
        n: [J] how many there are.
        confidence: two-sided.
        floor: (recalled, n) of canaries that show how often a text comes out right by chance, at any speed;
            none do if not given. Held-out canaries are none where they can be read at the slow speeds.

    Raises:
        StatisticError: for counts or speeds that are none, or a confidence not between 0 and 1.
    """
    factors = vector(speeds, "speeds", least=2)
    if (factors <= 0.0).any() or np.unique(factors).size < factors.size:
        raise StatisticError("are not distinct and above 0", where="speeds", how="give each speed once")
    by_chance = (0, CERTAIN) if floor is None else floor
    found = dose_response(1.0 / factors, recalled, n, *by_chance, confidence)
    status: Status = found.status
    if status == "not reached":
        status = "already reached"
    elif status == "already reached":
        status = "not reached"
    return HalfSpeed(
        status=status,
        speed=None if found.half is None else 1.0 / found.half,
        low=1.0 / found.high,
        high=np.inf if found.low == 0.0 else 1.0 / found.low,
        confidence=confidence,
    )
