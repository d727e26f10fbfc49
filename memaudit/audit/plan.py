"""What a kit made from a recipe would show, cost and survive: told before any of it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from memaudit.audit.plan_audits import PaperAudits
from memaudit.audit.plan_cells import PlannedCell, plan_cells
from memaudit.audit.plan_chances import AUDITS, PolicyChances, Progress, computed, simulated
from memaudit.audit.plan_needed import Needed, pairs_needed
from memaudit.audit.plan_odds import GapOdds
from memaudit.audit.plan_policy import check_target, leak, planned_policy
from memaudit.audit.plan_scores import supposed_scores
from memaudit.audit.results import Policy
from memaudit.kit.control_speech import pinned
from memaudit.kit.draft import Draft, draft_kit
from memaudit.kit.feasibility_durations import SAMPLE, Durations, estimate_durations
from memaudit.kit.feasibility_table import SpeedFeasibility, feasibility_table
from memaudit.kit.info import Entropy, entropy
from memaudit.kit.recipe import Recipe
from memaudit.kit.text import text_source

SCHEMA = "memaudit/plan/1"
# Seed of the kit that is drawn on paper: any is as good as another.
SEED = 0


@dataclass(frozen=True, slots=True)
class PlannedAudio:
    """Seconds of audio: of all inserted canaries, of their copies, and of what is held out.

    ``share`` is the copies' share of the training set that has them, None if its size was not given.
    """

    inserted: float
    copies: float
    held_out: float
    basis: str
    training_hours: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Supposed:
    """What canaries of one speed are supposed to score with a model that memorised nothing."""

    speed: float
    mean: float
    deviation: float
    basis: str


@dataclass(frozen=True)
class Plan:
    """Everything that `memaudit plan` tells of a recipe."""

    recipe: Recipe
    inserted: int
    copies: int
    held_out: int
    controls: int
    entropy: Entropy
    audio: PlannedAudio
    gap: float
    gates: tuple[str, ...]
    policy: Policy
    chances: PolicyChances
    supposed: tuple[Supposed, ...]
    cells: tuple[PlannedCell, ...]
    speeds: tuple[SpeedFeasibility, ...]
    needed: Needed | None

    @property
    def clean_passes(self) -> float:
        """Chance that a model that memorised nothing passes all gates."""
        return self.chances.all_pass.value

    def document(self) -> dict[str, Any]:
        """The plan as a JSON document."""
        counts = {name: getattr(self, name) for name in ("inserted", "copies", "held_out", "controls")}
        needed = None if self.needed is None else {**asdict(self.needed), "both": self.needed.both}
        return {
            "schema": SCHEMA,
            "recipe": self.recipe.document(),
            "counts": counts,
            "entropy": self.entropy.model_dump(mode="json"),
            "audio": asdict(self.audio),
            "gap": self.gap,
            "gates": list(self.gates),
            "policy": self.policy,
            "clean_passes": self.clean_passes,
            "chances": asdict(self.chances),
            "supposed_scores": [asdict(item) for item in self.supposed],
            "cells": [asdict(cell) for cell in self.cells],
            "speeds": [asdict(row) for row in self.speeds],
            "needed": needed,
        }


def make_plan(
    recipe: Recipe,
    *,
    gap: float = 0.2,
    target_power: float | None = None,
    training_hours: float | None = None,
    sample: int = SAMPLE,
    gates: Sequence[str] = (),
    audits: int = AUDITS,
    progress: Progress | None = None,
) -> Plan:
    """Plan a kit.

    A kit is drawn on paper, so that texts, strata and lots are such as a real one has.

    Args:
        recipe: of the kit.
        gap: true accuracy gap of the leak that it should fail, above 0.
        target_power: search for the pairs a cell that fail this leak, and pass a clean model, so often.
        training_hours: of the data that the canaries are added to, in hours.
        sample: how many texts are spoken to estimate durations; 0: none.
        gates: as `score` takes them; none: the default policy.
        audits: how many are simulated, of the leak and of a clean model each, where chances are not computed.
        progress: of the simulation.

    Raises:
        GateError: if a gate cannot be read or has no cell.
        UsageError: for a gap that no leak can have, or where no search for pairs can be.
        RecipeError: if the recipe cannot be carried out.
        SpeechError: for a voice that does not exist.
    """
    recipe = pinned(recipe)
    design, source = recipe.design, text_source(recipe)
    drafts = draft_kit(recipe, SEED, source)
    durations = estimate_durations(drafts, recipe, sample=sample)
    speeds = feasibility_table(drafts, durations.seconds, recipe)
    by_speed = {
        speed: [draft for draft in drafts if draft.speed == speed and draft.lot.arm != "control"]
        for speed in sorted(recipe.speed.factors, reverse=True)
    }
    scores = {speed: supposed_scores(source, speed, recipe.speed.method) for speed in by_speed}
    policy = planned_policy(recipe, gates)
    memorised = leak(policy, scores, gap)
    if target_power is not None:
        check_target(policy, gap)
    held_out = design.pairs + design.reserve
    odds = {speed: GapOdds(design.pairs_per_cell, held_out, item.values) for speed, item in scores.items()}
    cells = [
        cell
        for speed, found in by_speed.items()
        for cell in plan_cells(
            found,
            odds[speed],
            design.pairs_per_cell * (1 if design.assignment == "pairs" else 2),
            gap,
            policy.gap_gates(speed),
            policy.gated(speed),
        )
    ]
    first = policy.speeds[0]
    needed = None
    if target_power is not None:
        values, bound = scores[first].values, policy.gates[0].bound
        needed = pairs_needed(design, values, gap, target_power, bound, policy.levels, len(policy.gates))
    if policy.alike:
        chances = computed(policy.gates, odds[first], gap)
    else:
        paper = PaperAudits(by_speed, {speed: item.values for speed, item in scores.items()})
        chances = simulated(policy.gates, paper, memorised, gap, audits, progress)
    return Plan(
        recipe=recipe,
        inserted=design.pairs * len(by_speed),
        copies=sum(design.repetitions) * design.pairs_per_cell * len(by_speed),
        held_out=held_out * len(by_speed),
        controls=design.controls,
        entropy=entropy(source),
        audio=_audio(drafts, durations, training_hours),
        gap=gap,
        gates=tuple(map(str, policy.gates)),
        policy=policy.source,
        chances=chances,
        supposed=tuple(
            Supposed(speed, item.mean, item.deviation, item.basis) for speed, item in scores.items()
        ),
        cells=tuple(cells),
        speeds=tuple(speeds),
        needed=needed,
    )


def _audio(drafts: Sequence[Draft], durations: Durations, hours: float | None) -> PlannedAudio:
    inserted = copies = held_out = 0.0
    for draft, seconds in zip(drafts, durations.seconds.tolist(), strict=True):
        if draft.lot.arm == "inserted":
            inserted += seconds
            copies += seconds * draft.lot.repetitions
        elif draft.lot.arm == "held_out":
            held_out += seconds
    share = None if hours is None else copies / (copies + hours * 3600.0)
    return PlannedAudio(inserted, copies, held_out, durations.basis, hours, share)
