"""Two checkpoints on one kit: which canaries became members, and by how many bits?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checkpoint_flips import flipped_changes
from memaudit.stats.checks import Floats, Ints, StatisticError, average, count, same_length, share, vector
from memaudit.stats.exposure import held_out_at_least
from memaudit.stats.interval import Interval
from memaudit.stats.paired_exposure_limits import exposure_change_limits
from memaudit.stats.randomisation import ROUNDING


@dataclass(frozen=True, eq=False)
class ExposureChange:
    """Exposure by the second checkpoint minus that by the first, in bits, of the same inserted canaries.

    Args:
        values: f8[n], one for each inserted canary, in their order.
        interval: of the expected mean change, both arms drawn afresh.
        before, after: mean exposures.
        p_value: of the mean change, two-sided, by exchanging the checkpoints; never 0.
        membership: i8[n], 1 where a canary came to lie above every held-out one, -1 where it no longer does.
        gained, lost, kept: how many did, no longer do, do in both.
        membership_p_value: of gained minus lost, by the same exchanges.
        flips: how many exchanges were drawn.
    """

    values: Floats
    interval: Interval
    before: float
    after: float
    p_value: float
    membership: Ints
    gained: int
    lost: int
    kept: int
    membership_p_value: float
    flips: int

    def __post_init__(self) -> None:
        if not (0.0 < self.p_value <= 1.0 and 0.0 < self.membership_p_value <= 1.0):
            raise StatisticError(f"are {self.p_value}, {self.membership_p_value}", where="p-values")


def exposure_change(
    inserted_before: ArrayLike,
    held_out_before: ArrayLike,
    inserted_after: ArrayLike,
    held_out_after: ArrayLike,
    *,
    seed: int,
    confidence: float = 0.95,
    flips: int = 1999,
) -> ExposureChange:
    """Change of exposure and of membership, canary by canary, between two checkpoints on one kit.

    Exposure is that of `exposure`, each checkpoint among its own scores of the same held-out canaries. A
    member is a canary that scores above every held-out one. The test exchanges the two checkpoints' scores of
    each canary, inserted or held out, by a fair coin and computes all exposures anew: if the checkpoints are
    alike every exchange is as likely, p = (b + 1) / (B + 1) (Phipson and Smyth 2010). Flipping the signs of
    the exposures' changes instead would take the held-out canaries for known: in simulated pairs of like
    checkpoints it finds a change at 5 % in 5 to 47 % of them, the more the fewer held-out canaries there are.

    The scores of both checkpoints must be on one scale, such as minus loss per token. A second checkpoint
    that is merely better at everything changes no rank, but spreads the exchanged scores: conservative.

    Args:
        inserted_before, inserted_after: f8[n] membership scores of the inserted canaries, in one order; no
            NaN, infinities allowed.
        held_out_before, held_out_after: f8[N] scores of the held-out canaries, in one order.
        seed: of the exchanges.
        confidence: two-sided, of the interval.
        flips: how many exchanges are drawn.

    Raises:
        StatisticError: for NaN, vectors of different length, or an empty arm.
    """
    first = vector(inserted_before, "inserted_before", finite=False)
    second = vector(inserted_after, "inserted_after", finite=False)
    others = vector(held_out_before, "held_out_before", finite=False)
    later = vector(held_out_after, "held_out_after", finite=False)
    same_length(first, second, "inserted_before and inserted_after")
    same_length(others, later, "held_out_before and held_out_after")
    level = (1.0 + share(confidence, "confidence")) / 2.0
    drawn = count(flips, "flips", least=1)
    rng = np.random.default_rng(count(seed, "seed"))
    ranks = held_out_at_least(first, others), held_out_at_least(second, later)
    exposures = [np.log2(others.size) - np.log2(1.0 + better) for better in ranks]
    values = exposures[1] - exposures[0]
    mean = average(values)
    low, high = exposure_change_limits((first, second), (others, later), level)
    membership = (ranks[1] == 0).astype(np.int64) - (ranks[0] == 0).astype(np.int64)
    arm = np.arange(first.size + others.size) < first.size
    changes, members = flipped_changes(
        np.concatenate([first, others]), np.concatenate([second, later]), arm, drawn, rng
    )
    return ExposureChange(
        values=values,
        interval=Interval(mean, min(low, mean), max(high, mean), confidence),
        before=average(exposures[0]),
        after=average(exposures[1]),
        p_value=_two_sided(changes),
        membership=membership,
        gained=int((membership > 0).sum()),
        lost=int((membership < 0).sum()),
        kept=int(((ranks[0] == 0) & (ranks[1] == 0)).sum()),
        membership_p_value=_two_sided(members),
        flips=drawn,
    )


def _two_sided(changes: Floats) -> float:
    """Share of changes, the observed one first and among them, that are at least as far from 0."""
    sizes = np.abs(changes)
    return float((sizes >= sizes[0] - ROUNDING * sizes.max()).mean())
