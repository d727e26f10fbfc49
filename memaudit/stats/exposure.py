"""Exposure: how far up among canaries that the model never saw an inserted canary ranks, in bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from memaudit.stats.checks import Floats, Ints, StatisticError, average, count, share, vector
from memaudit.stats.exposure_mean import exposure_mean_limits


@dataclass(frozen=True, eq=False)
class Exposure:
    """Exposure of the inserted canaries of one cell, in bits.

    Args:
        values: f8[n], one for each inserted canary, in their order.
        mean, median: of the values.
        low, high: interval of the expected mean.
        ceiling: log2(reference): what a canary has that scores above every held-out one.
        null_mean: expected mean with no memorisation and no ties.
        n: number of inserted canaries.
        reference: number of held-out canaries that they are ranked among.
        confidence: of the interval.
    """

    values: Floats
    mean: float
    median: float
    low: float
    high: float
    ceiling: float
    null_mean: float
    n: int
    reference: int
    confidence: float

    def __post_init__(self) -> None:
        if not self.low <= self.mean <= self.high or self.high > self.ceiling or self.values.size != self.n:
            raise StatisticError(
                f"mean {self.mean}, interval {self.low} to {self.high}, ceiling {self.ceiling}",
                where="exposure",
            )


def exposure(inserted: ArrayLike, held_out: ArrayLike, confidence: float = 0.95) -> Exposure:
    """Exposure of each inserted canary among the held-out ones, and of their mean an interval.

    Carlini et al., The Secret Sharer (USENIX Security 2019): log2(N) - log2(rank), N the number of held-out
    canaries and rank = 1 + the number of them that score at least as high: ties count against the claim. The
    rank runs from 1 to N + 1, so a canary below all held-out ones has log2(N / (N + 1)), just under 0.

    The interval is for the mean exposure expected of a canary when both arms are drawn afresh at these sizes.
    Where nine of ten canaries are memorised a bootstrap of both arms, and Student's t, lie above the truth in
    55 % of simulated audits (5 inserted, 20 held out) and 17 % (20, 120) where 5 % are promised; this one in
    none. Its width there is 2.8 and 2.5 bits against 0.9 to 1.4; with no memorisation 2.6 and 1.5 against 1.7
    to 1.9 and 1.0, where those miss on the other side in 9 to 14 %.

    Args:
        inserted: f8[n] membership scores, n >= 1, higher means more like a member; no NaN, infinities
            allowed.
        held_out: f8[N] membership scores of canaries of the same speed, N >= 1.
        confidence: two-sided.

    Raises:
        StatisticError: for an empty arm, NaN, or a confidence that is not between 0 and 1.
    """
    first = vector(inserted, "inserted", finite=False)
    second = vector(held_out, "held_out", finite=False)
    level = (1.0 + share(confidence, "confidence")) / 2.0
    better = held_out_at_least(first, second)
    values = _bits(better, second.size)
    # Rounding must not lift a mean of equal values, nor its limit, above the ceiling.
    ceiling = exposure_ceiling(second.size)
    mean = min(average(values), ceiling)
    low, high = exposure_mean_limits(better, second.size, level)
    return Exposure(
        values=values,
        mean=mean,
        median=float(np.median(values)),
        low=min(mean, low),
        high=min(ceiling, max(mean, high)),
        ceiling=ceiling,
        null_mean=exposure_null_mean(second.size),
        n=first.size,
        reference=second.size,
        confidence=confidence,
    )


def exposures(inserted: ArrayLike, held_out: ArrayLike) -> Floats:
    """`Exposure.values` alone, f8[n] in bits: without an interval, for 0 or more inserted canaries.

    Raises:
        StatisticError: for no held-out canary, or NaN.
    """
    first = vector(inserted, "inserted", least=0, finite=False)
    second = vector(held_out, "held_out", finite=False)
    return _bits(held_out_at_least(first, second), second.size)


def _bits(better: Ints, reference: int) -> Floats:
    return np.asarray(np.log2(reference) - np.log2(1.0 + better), dtype=np.float64)


def held_out_at_least(inserted: Floats, held_out: Floats) -> Ints:
    """How many held-out canaries score at least as high as each inserted one, i8[n]."""
    ordered = np.sort(held_out)
    return (ordered.size - np.searchsorted(ordered, inserted, side="left")).astype(np.int64)


def exposure_ceiling(reference: int) -> float:
    """Largest exposure that `reference` held-out canaries can show: log2(N) bits."""
    return float(np.log2(count(reference, "reference", least=1)))


def exposure_null_mean(reference: int) -> float:
    """Expected exposure without memorisation or ties, the rank uniform on 1, ..., N + 1: 1.38 bits at N =
    100.

    log2(N) - log2((N + 1)!) / (N + 1), which tends to 1 / ln 2 = 1.44 bits.
    """
    n = count(reference, "reference", least=1)
    return float(np.log2(n) - gammaln(n + 2) / np.log(2.0) / (n + 1))


def reference_for_ceiling(bits: float) -> int:
    """How many held-out canaries it takes for a ceiling of at least `bits`."""
    if not 0.0 <= bits <= 40.0:
        raise StatisticError(f"is {bits}", where="bits", how="give a ceiling from 0 to 40 bits")
    return int(np.ceil(2.0**bits))
