"""The data model of `memaudit plan --json` (schema memaudit/plan/1)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from memaudit.audit.plan import PlannedAudio, Supposed
from memaudit.audit.plan_cells import PlannedCell
from memaudit.audit.plan_chances import PolicyChances
from memaudit.audit.results import Policy
from memaudit.kit.feasibility_table import SpeedFeasibility
from memaudit.kit.info import Entropy
from memaudit.kit.recipe import Recipe


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PlannedCounts(_Part):
    """Numbers of utterances; ``copies`` counts an inserted canary as often as it is repeated."""

    inserted: int
    copies: int
    held_out: int
    controls: int


class NeededPairs(_Part):
    """Pairs a cell to fail this leak, to pass a clean model, and for both; null: more than any kit has."""

    power: float
    gap: float
    fail: int | None
    clean: int | None
    both: int | None


class PlanDocument(_Part):
    """Everything that `memaudit plan` tells of a recipe.

    ``chances`` are those of the ``gates``, one by one and together; ``clean_passes`` is its ``all_pass``.
    """

    schema_name: Literal["memaudit/plan/1"] = Field(alias="schema")
    recipe: Recipe
    counts: PlannedCounts
    entropy: Entropy
    audio: PlannedAudio
    gap: float
    gates: tuple[str, ...]
    policy: Policy
    clean_passes: float
    chances: PolicyChances
    supposed_scores: tuple[Supposed, ...]
    cells: tuple[PlannedCell, ...]
    speeds: tuple[SpeedFeasibility, ...]
    needed: NeededPairs | None
