"""A/A test of an audit: with arms drawn anew at random it must find nothing, at its stated level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.arms import split_strata
from memaudit.stats.binomial import chance_at_least
from memaudit.stats.checks import count, flags, labels, same_length, share, vector
from memaudit.stats.randomisation import randomisation_test

DOUBT = 0.001
"""The check fails where a right test would give so many detections with at most this chance."""


@dataclass(frozen=True, slots=True)
class AACheck:
    """What audits of labels drawn anew found.

    Args:
        audits: how many label draws were audited.
        detected: how many of them had a p-value at or below `level`.
        level: of each audit's test.
        passed: whether so many detections are compatible with that level.
    """

    audits: int
    detected: int
    level: float
    passed: bool

    @property
    def rate(self) -> float:
        """Share of the audits with a detection."""
        return self.detected / self.audits


def a_a_check(
    values: ArrayLike,
    inserted: ArrayLike,
    strata: ArrayLike,
    *,
    seed: int,
    audits: int = 200,
    relabellings: int = 199,
    level: float = 0.05,
) -> AACheck:
    """Run the randomisation test on labels that have nothing to do with the model.

    Each audit deals the labels anew inside each stratum, as the design could have, and tests them with
    `randomisation_test` on the same values. Under the design each finds something with at most the chance
    ``level``, whatever the values, so that the number of detections is at most binomial: the check fails
    where it has a chance of at most `DOUBT`. Ties can make the rate smaller than the level; that is no
    failure.

    Args:
        values: f8[n] membership scores, or any other figure that is tested.
        inserted: bool[n], the labels that were really drawn: they say how many of a stratum go in.
        strata: labels [n].
        seed: of the label draws and of the tests.
        audits: how many draws.
        relabellings: of each test.
        level: of each test.

    Raises:
        StatisticError: for a value that is not finite, vectors of different length, or a level that is none.
    """
    numbers = vector(values, "values", least=2)
    arm, groups = flags(inserted, "inserted"), labels(strata, "strata")
    same_length(numbers, arm, "values and inserted")
    same_length(numbers, groups, "values and strata")
    share(level, "level")
    rng = np.random.default_rng(count(seed, "seed"))
    members = split_strata(groups)
    detected = 0
    for audit in range(count(audits, "audits", least=1)):
        drawn = arm.copy()
        for stratum in members:
            drawn[stratum] = rng.permutation(arm[stratum])
        test = randomisation_test(numbers, drawn, groups, seed=seed + audit, relabellings=relabellings)
        detected += test.p_value <= level
    return AACheck(audits, detected, level, chance_at_least(detected, audits, level) > DOUBT)
