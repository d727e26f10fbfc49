"""The data model of comparison.json (schema memaudit/comparison/1)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from memaudit.audit.results import Estimate, KitSummary, ModelFile, Tool, Verdict

SCHEMA = "memaudit/comparison/1"
Change = Literal["more", "less", "not shown"]
Outcome = Literal["more", "less", "mixed", "not shown", "undecided"]
Scale = Literal["loss per token", "loss per character", "accuracy"]
Figure = Literal["accuracy_gap", "exact_gap", "exposure"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Side(_Part):
    """One of the two audits: ``name`` is its folder's, ``utterances_sha256`` what was compared."""

    name: str
    adapter: str
    files: tuple[ModelFile, ...]
    created: str
    verdict: Verdict
    membership: Literal["loss", "accuracy"]
    controls_passed: bool
    controls_accuracy: float | None
    self_checks_passed: bool
    injection: Literal["checked", "not as designed", "assumed", "unknown"]
    detected: bool
    utterances_sha256: str


class Difference(_Part):
    """A figure by A, by B, and B minus A with its two-sided interval."""

    a: float
    b: float
    change: float
    low: float
    high: float
    confidence: float


class TestedDifference(Difference):
    """A difference with the p-value of exchanging A and B canary by canary, two-sided.

    ``p_adjusted`` is over cells, null for a whole speed; ``p_smallest`` is what these data could have given
    at least, null where it isn't known.
    """

    p_value: float
    p_adjusted: float | None
    p_smallest: float | None


class ScoreDifference(_Part):
    """Mean membership score of the inserted canaries minus that of the held-out ones, by A and by B.

    In the unit of ``Comparison.scale``. A model whose losses are larger all round has a larger difference
    too: ranks (`exposure`) are free of that.
    """

    a: float
    b: float
    change: float
    p_value: float
    p_adjusted: float | None


class Members(_Part):
    """Inserted canaries above every held-out one: gained by B, lost from A, kept in both.

    ``p_value`` is of B's number minus A's.
    """

    gained: int
    lost: int
    kept: int
    p_value: float
    p_adjusted: float | None


class ComparedCell(_Part):
    """The inserted canaries of one level, or of all (``repetitions`` null), against a speed's held-out ones.

    ``accuracy_gap_a`` and ``accuracy_gap_b`` are both gaps with intervals of their own.
    ``held_out_accuracy`` tells whether B merely reads more of everything. ``arms_p_value`` is of relabelling
    inserted and held-out canaries: does any change have to do with which went in? It is no test of more or
    less.
    """

    speed: float
    repetitions: int | None
    inserted: int
    held_out: int
    held_out_accuracy: Difference
    accuracy_gap_a: Estimate
    accuracy_gap_b: Estimate
    accuracy_gap: TestedDifference
    exact_gap: Difference
    exposure: TestedDifference
    exposure_ceiling: float
    score: ScoreDifference
    members: Members
    arms_p_value: float


class ComparedGate(_Part):
    """A figure that some gate of A or B bounds, with an interval that holds over all of these together.

    ``figure`` is what is compared for ``metric``: gates on AUC and epsilon are compared by exposure.
    """

    metric: str
    figure: Figure
    speed: float
    repetitions: int
    difference: Difference
    change: Change


class ComparedCanary(_Part):
    """One canary under both: its scores (higher is more like a member), exposure of inserted ones in bits."""

    id: str
    arm: Literal["inserted", "held_out"]
    speed: float
    repetitions: int
    a: float
    b: float
    exposure_a: float | None
    exposure_b: float | None


class Mover(_Part):
    """An inserted canary whose membership changed much, with both transcripts (long ones cut)."""

    kind: Literal["risen", "fallen"]
    id: str
    speed: float
    repetitions: int
    reference: str
    transcript_a: str
    transcript_b: str
    accuracy_a: float
    accuracy_b: float
    exposure_a: float
    exposure_b: float


class Comparison(_Part):
    """Everything that a comparison of two audits on one kit found: what its page is made from.

    ``settled``: the verdict rests on intervals. If not, tests show a change whose interval still reaches 0,
    or nothing could be decided.
    """

    schema_name: Literal["memaudit/comparison/1"] = Field(default="memaudit/comparison/1", alias="schema")
    tool: Tool
    created: str
    kit: KitSummary
    normaliser: str
    scale: Scale
    a: Side
    b: Side
    cells: tuple[ComparedCell, ...]
    speeds: tuple[ComparedCell, ...]
    gates: tuple[ComparedGate, ...]
    verdict: Outcome
    settled: bool
    verdict_reason: str
    warnings: tuple[str, ...]
    movers: tuple[Mover, ...]
    canaries: tuple[ComparedCanary, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @property
    def primary_speed(self) -> float:
        """The fastest speed."""
        return max(cell.speed for cell in self.cells)

    @property
    def worse(self) -> bool:
        """Whether B is worse beyond its interval in some gated cell, and nothing takes that back."""
        return self.verdict in ("more", "mixed") and any(gate.change == "more" for gate in self.gates)

    @property
    def open(self) -> bool:
        """Whether B may be worse: undecided, or more by tests alone, its interval reaching 0."""
        return self.verdict == "undecided" or (self.verdict in ("more", "mixed") and not self.worse)

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return self.model_dump(mode="json", by_alias=True)
