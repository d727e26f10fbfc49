"""Exposure beyond the ceiling of the held-out canaries, from a law fitted to their losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import Floats, StatisticError, average, share, vector
from memaudit.stats.skew_normal import SkewNormal, fit_skew_normal

Status = Literal["fitted", "too few", "not continuous", "rejected"]
# Fewer held-out canaries can't show a misfit, nor fix a tail; with so many a tail is right to about a bit.
LEAST = 100
# Losses are continuous: more equal values than this share say that these are none.
TIED = 0.05
# Refits to samples of the fitted law; of more held-out canaries than USED a random choice is fitted.
REFITS, SEED, USED = 199, 20_190_815, 5000
# Places at which tails are computed, at most.
PLACES = 2000


@dataclass(frozen=True, eq=False)
class ExtrapolatedExposure:
    """Exposure in bits by a skew-normal law of the held-out scores; no values where that may not be used.

    Args:
        status: "fitted"; else why there are no values: "too few" held-out canaries, scores "not continuous",
            or the fit "rejected" by its test.
        values: f8[n], one for each inserted canary, in their order, at most the cap.
        mean, median: of the values.
        beyond: how many inserted canaries score above all held-out ones: their values are extrapolated.
        capped: how many values are the cap.
        p_value: of the test that the held-out scores are skew-normal; None where it was not done.
    """

    status: Status
    values: Floats | None
    mean: float | None
    median: float | None
    beyond: int
    capped: int
    p_value: float | None

    def __post_init__(self) -> None:
        if (self.status == "fitted") != (self.values is not None):
            raise StatisticError(f"is {self.status}", where="extrapolated exposure")


def extrapolated_exposure(
    inserted: ArrayLike, held_out: ArrayLike, cap: float, fit_level: float = 0.1
) -> ExtrapolatedExposure:
    """Exposure -log2 P[a canary that was not inserted scores as high], by a law fitted to the held-out ones.

    Carlini et al., The Secret Sharer (USENIX Security 2019), section 4.4: log perplexities of canaries follow
    a skew-normal law, and an exposure too large to be counted is read from its tail. Scores are minus losses
    here. Two things are done that the paper does not do. The law is fitted anew to 199 samples of the fitted
    one, and P is the mean tail over the refits (a predictive probability): of canaries that were never
    inserted no more than 2 in 2^b have b bits or more, in simulations with 100 held-out canaries and b up to
    10, where the plain tail of one fit gives 1.5 to 6.5 in 2^b. And the same refits give the law of the
    Anderson-Darling statistic with fitted parameters (Stute, Gonzales Manteiga and Presedo Quindimil, Metrika
    40, 1993), whose p-value must exceed `fit_level`.

    No interval is given: those by the refits miss, to the side of the claim, in 2 to 12 % of simulated audits
    where 2.5 % are promised. The mean is an estimate; the interval to rely on is that of `exposure`.

    Only for losses. Character error rates are bounded, tied and far from skew-normal: scores with more than
    5 % ties are refused.

    Args:
        inserted: f8[n] scores, such as minus loss per token; finite.
        held_out: f8[N] scores of canaries of the same speed; finite. At least 100 are needed.
        cap: bits that are never exceeded: the entropy of the canaries' texts, which no exposure can pass.
        fit_level: the fit is rejected where its p-value is not above this.

    Raises:
        StatisticError: for an empty arm, scores that are not finite, a cap that is not above 0, or a level
            that is not between 0 and 1.
    """
    first, second = vector(inserted, "inserted"), vector(held_out, "held_out")
    share(fit_level, "fit_level")
    if not 0.0 < cap < np.inf:
        raise StatisticError(f"is {cap}", where="cap", how="give the entropy of the texts in bits")
    beyond = int((first > second.max()).sum())

    def without(status: Status, p_value: float | None = None) -> ExtrapolatedExposure:
        return ExtrapolatedExposure(status, None, None, None, beyond, 0, p_value)

    if second.size < LEAST:
        return without("too few")
    if second.size - np.unique(second).size > TIED * second.size:
        return without("not continuous")
    refits, p_value = _fit(second)
    if p_value <= fit_level:
        return without("rejected", p_value)
    values = np.minimum(_bits(refits, first), cap)
    return ExtrapolatedExposure(
        status="fitted",
        values=values,
        mean=average(values),
        median=float(np.median(values)),
        beyond=beyond,
        capped=int((values >= cap).sum()),
        p_value=p_value,
    )


def anderson_darling(uniform: Floats) -> Floats:
    """Distance of f8[S, n] probabilities from the uniform law, f8[S] (Anderson and Darling 1954)."""
    u = np.sort(np.clip(uniform, 1e-12, 1.0 - 1e-12), axis=1)
    n = u.shape[1]
    weights = (2.0 * np.arange(1, n + 1) - 1.0) / n
    return np.asarray(-n - (np.log(u) + np.log1p(-u[:, ::-1])) @ weights, dtype=np.float64)


def _fit(held_out: Floats) -> tuple[SkewNormal, float]:
    """Refits of the law of the held-out scores, and the p-value of the test of the fit."""
    rng = np.random.default_rng(SEED)
    sample = held_out if held_out.size <= USED else rng.choice(held_out, USED, replace=False)
    fit = fit_skew_normal(sample[None, :])
    observed = float(anderson_darling(fit.cdf(sample))[0])
    many = SkewNormal(*(np.repeat(part, REFITS) for part in (fit.location, fit.scale, fit.shape)))
    drawn = many.draw(sample.size, rng)
    refits = fit_skew_normal(drawn)
    reached = int((anderson_darling(refits.cdf(drawn)) >= observed).sum())
    return refits, (reached + 1) / (REFITS + 1)


def _bits(refits: SkewNormal, scores: Floats) -> Floats:
    """-log2 of the mean tail over the refits, f8[n]; from a table where there are many scores."""
    places = scores if scores.size <= PLACES else np.linspace(scores.min(), scores.max(), PLACES)
    logs = refits.log_sf(places)
    highest = logs.max(axis=0)
    bits = np.asarray(-(highest + np.log(np.exp(logs - highest).mean(axis=0))) / np.log(2.0), np.float64)
    return bits if places is scores else np.interp(scores, places, bits)
