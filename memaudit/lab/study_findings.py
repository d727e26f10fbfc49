"""Everything that the claims of a study are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memaudit.lab.study import BASELINE
from memaudit.lab.study_pooled import Condition
from memaudit.lab.study_results import Victim


@dataclass(frozen=True)
class Findings:
    """Everything that claims are judged by.

    Attributes:
        victims: of all seeds and conditions.
        conditions: name -> its figures over seeds.
        costs: kind of clipping -> time of a step in steps without clipping; empty: not measured.
    """

    victims: tuple[Victim, ...]
    conditions: Mapping[str, Condition]
    costs: Mapping[str, float]

    def of(self, name: str) -> list[Victim]:
        """The victims of a condition, by seed."""
        return sorted((v for v in self.victims if v.condition == name), key=lambda victim: victim.seed)

    def names(self, *roles: str) -> list[str]:
        """The conditions with one of those roles."""
        return [name for name, condition in self.conditions.items() if condition.role in roles]

    def baseline(self, seed: int) -> Victim:
        """The unclipped victim of a seed."""
        return next(victim for victim in self.of(BASELINE) if victim.seed == seed)
