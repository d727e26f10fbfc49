"""The gates that a plan is about, and the leak that they should fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memaudit.audit.gate_syntax import Gate, expand, parse_gate
from memaudit.audit.gates import confidences
from memaudit.audit.metrics import METRICS
from memaudit.audit.plan_cells import PlannedGate
from memaudit.audit.plan_chances import alike
from memaudit.audit.plan_scores import SupposedScores
from memaudit.audit.policy import choose
from memaudit.audit.results import Policy
from memaudit.errors import UsageError
from memaudit.kit.recipe import Recipe


@dataclass(frozen=True)
class PlannedPolicy:
    """A family of gates, each for one cell.

    ``alike``: they are one bound on the accuracy gap of one speed; ``source``: whose they are.
    """

    gates: tuple[Gate, ...]
    alike: bool
    source: Policy

    @property
    def speeds(self) -> tuple[float, ...]:
        """The speeds that have gates, fastest first."""
        return tuple(sorted({gate.speed for gate in self.gates if gate.speed is not None}, reverse=True))

    @property
    def levels(self) -> tuple[float, float]:
        """One-sided confidences of the limits on which a gate fails and passes."""
        failing, passing = ((1.0 + confidence) / 2.0 for confidence in confidences(len(self.gates)))
        return failing, passing

    def gap_gates(self, speed: float) -> dict[int, PlannedGate]:
        """The tightest upper bound on the accuracy gap of each cell of a speed, by its repetitions."""
        found: dict[int, PlannedGate] = {}
        for gate in self.gates:
            if gate.speed == speed and gate.metric == "accuracy_gap" and gate.upper:
                level = gate.repetitions or 0
                if level not in found or gate.bound < found[level].bound:
                    found[level] = PlannedGate(gate.bound, *self.levels)
        return found

    def gated(self, speed: float) -> set[int]:
        """The repetition levels of a speed that have gates."""
        return {gate.repetitions or 0 for gate in self.gates if gate.speed == speed}


def planned_policy(recipe: Recipe, texts: Sequence[str]) -> PlannedPolicy:
    """The gates on the cells of a recipe's kit; without any, the default ones.

    Raises:
        GateError: if a gate cannot be read or has no cell.
    """
    levels = {speed: sorted(recipe.design.repetitions) for speed in recipe.speed.factors}
    chosen = choose(texts, ())
    gates = [cell for text in chosen.texts for cell in expand(parse_gate(text, METRICS), levels)]
    unique = tuple(dict.fromkeys(gates))
    return PlannedPolicy(unique, alike(unique), chosen.policy)


def leak(policy: PlannedPolicy, scores: Mapping[float, SupposedScores], gap: float) -> dict[float, float]:
    """By gated speed the chance of an inserted canary to be memorised that makes this accuracy gap.

    Raises:
        UsageError: for a gap that no leak can have.
    """
    for speed in policy.speeds:
        room = 1.0 - scores[speed].mean
        if not 0.0 < gap <= room:
            raise UsageError(
                f"no leak has such a gap at speed {speed:g}, where unread canaries score "
                f"{scores[speed].mean:.2f}",
                where=f"--gap {gap:g}",
                how=f"give a number above 0, at most {room:.2f}",
            )
    return {speed: gap / (1.0 - scores[speed].mean) for speed in policy.speeds}


def check_target(policy: PlannedPolicy, gap: float) -> None:
    """Refuse to search for pairs where that is not possible.

    Raises:
        UsageError: if the gates are not one bound on the accuracy gap of one speed, or the leak meets it.
    """
    if not policy.alike:
        raise UsageError(
            "pairs are searched for one upper bound on the accuracy gap of one speed, not for these gates",
            where="--target-power",
            how="leave it out, and try numbers with --set design.pairs_per_cell=N",
        )
    if gap <= policy.gates[0].bound:
        raise UsageError(
            f"such a leak meets the gate's bound {policy.gates[0].bound:g}, and no number of pairs fails it",
            where=f"--gap {gap:g}",
            how="give a larger one",
        )
