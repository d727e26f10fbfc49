"""An estimate and the interval that belongs to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memaudit.stats.checks import StatisticError, share


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval around an estimate, in the unit of the estimate.

    Either limit alone holds with confidence (1 + confidence) / 2. A limit may be infinite, the estimate may
    not.

    Raises:
        StatisticError: where not low <= estimate <= high, or confidence is not between 0 and 1.
    """

    estimate: float
    low: float
    high: float
    confidence: float

    def __post_init__(self) -> None:
        share(self.confidence, "confidence")
        if not (math.isfinite(self.estimate) and self.low <= self.estimate <= self.high):
            raise StatisticError(
                f"estimate {self.estimate} is not between {self.low} and {self.high}", where="interval"
            )

    @property
    def width(self) -> float:
        """Distance between the limits."""
        return self.high - self.low
