"""True positive rate at a false positive rate that the held-out canaries can show."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.binomial import binomial_interval, chance_at_most
from memaudit.stats.checks import StatisticError, count, share, vector


@dataclass(frozen=True, slots=True)
class TprAtFpr:
    """Share of inserted canaries above a threshold that few held-out ones pass.

    Args:
        fpr: the false positive rate that the threshold was set for: an upper limit of it.
        tpr, low, high: share of inserted canaries above the threshold, and its interval.
        threshold: a score; what lies strictly above is called a member.
        false_positives: how many held-out canaries lie above it.
        confidence: of the interval, and of the threshold's false positive rate being at most `fpr`.
    """

    fpr: float
    tpr: float
    low: float
    high: float
    threshold: float
    false_positives: int
    confidence: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.tpr <= self.high <= 1.0:
            raise StatisticError(f"{self.tpr} is not between {self.low} and {self.high}", where="tpr")


def tpr_at_fpr(
    inserted: ArrayLike, held_out: ArrayLike, fpr: float, confidence: float = 0.95
) -> TprAtFpr | None:
    """True positive rate at a false positive rate of at most `fpr`; None for too few held-out canaries.

    The threshold is the highest held-out score but k, with the largest k for which P[Bin(n0, fpr) <= k] is at
    most 1 - confidence: then the false positive rate of new canaries is at most `fpr` with that confidence,
    for any law (Wilks's tolerance limit, Ann. Math. Stat. 12, 1941). The inserted canaries had no part in it,
    so the share of them that lies strictly above is binomial, and its interval is Clopper-Pearson.

    Args:
        inserted: f8[n1] membership scores, higher means more like a member; no NaN, infinities allowed.
        held_out: f8[n0] membership scores.
        fpr: wanted false positive rate, such as 0.01.
        confidence: of the threshold (one-sided) and of the interval (two-sided).

    Raises:
        StatisticError: for an empty arm, NaN, or an fpr or confidence that is not between 0 and 1.
    """
    first = vector(inserted, "inserted", finite=False)
    second = vector(held_out, "held_out", finite=False)
    allowed = false_positives_allowed(second.size, fpr, confidence)
    if allowed is None:
        return None
    threshold = float(np.sort(second)[second.size - 1 - allowed])
    interval = binomial_interval(int((first > threshold).sum()), first.size, confidence)
    return TprAtFpr(
        fpr=fpr,
        tpr=interval.estimate,
        low=interval.low,
        high=interval.high,
        threshold=threshold,
        false_positives=int((second > threshold).sum()),
        confidence=confidence,
    )


def false_positives_allowed(held_out: int, fpr: float, confidence: float = 0.95) -> int | None:
    """Largest k with P[Bin(held_out, fpr) <= k] <= 1 - confidence; None where not even k = 0 will do."""
    n = count(held_out, "held_out", least=1)
    rest = 1.0 - share(confidence, "confidence")
    chances = chance_at_most(np.arange(n), n, share(fpr, "fpr"))
    allowed = int(np.searchsorted(chances, rest, side="right")) - 1
    return allowed if allowed >= 0 else None


def held_out_needed(fpr: float, confidence: float = 0.95) -> int:
    """How many held-out canaries can show a false positive rate: 299 for 1 % at 95 %."""
    return ceil(log(1.0 - share(confidence, "confidence")) / log(1.0 - share(fpr, "fpr")))
