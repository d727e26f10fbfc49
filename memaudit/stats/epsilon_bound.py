"""What every lower bound on epsilon is reported with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memaudit.stats.checks import StatisticError, share

Adjacency = Literal["replace-one", "add-remove"]
"""What a coin decided: which twin of a pair went in, or whether a canary went in at all."""


@dataclass(frozen=True, slots=True)
class EpsilonBound:
    """A lower bound on epsilon from one training run; it can show a leak and never shows privacy.

    Args:
        epsilon: the bound; 0 where nothing is shown.
        ceiling: the bound that the same guesses would give if all were right.
        guesses: how many coins were guessed.
        correct: how many of them right.
        used: how many of the surest guesses the bound rests on; all, unless they were chosen.
        delta: of the differential privacy that is tested.
        confidence: one-sided.
        adjacency: of the differential privacy that is tested.
    """

    epsilon: float
    ceiling: float
    guesses: int
    correct: int
    used: int
    delta: float
    confidence: float
    adjacency: Adjacency

    def __post_init__(self) -> None:
        share(self.confidence, "confidence")
        if self.adjacency not in ("replace-one", "add-remove"):
            raise StatisticError(
                f"is {self.adjacency!r}", where="adjacency", how="give replace-one or add-remove"
            )
        if not (0.0 <= self.epsilon <= self.ceiling and 0 <= self.correct <= self.guesses >= self.used >= 0):
            raise StatisticError(
                f"{self.epsilon} of {self.ceiling}, {self.correct} of {self.guesses} right", where="epsilon"
            )
