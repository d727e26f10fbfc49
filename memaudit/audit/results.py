"""The data model of results.json (schema memaudit/results/1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from memaudit.audit.result_figures import (
    ArmScores as ArmScores,
)
from memaudit.audit.result_figures import (
    Cell as Cell,
)
from memaudit.audit.result_figures import (
    EpsilonSummary as EpsilonSummary,
)
from memaudit.audit.result_figures import (
    Estimate as Estimate,
)
from memaudit.audit.result_figures import (
    ExposureSummary as ExposureSummary,
)
from memaudit.audit.result_figures import (
    Extrapolated as Extrapolated,
)
from memaudit.audit.result_figures import (
    FdpEstimate as FdpEstimate,
)
from memaudit.audit.result_figures import (
    HalfSpeed as HalfSpeed,
)
from memaudit.audit.result_figures import (
    JointEpsilon as JointEpsilon,
)
from memaudit.audit.result_figures import (
    Learning as Learning,
)
from memaudit.audit.result_figures import (
    RecallHalf as RecallHalf,
)
from memaudit.audit.result_figures import (
    Speed as Speed,
)
from memaudit.audit.result_figures import (
    TprSummary as TprSummary,
)
from memaudit.audit.result_figures import (
    Trend as Trend,
)
from memaudit.audit.result_subject import (
    AACheck as AACheck,
)
from memaudit.audit.result_subject import (
    BlindBaseline as BlindBaseline,
)
from memaudit.audit.result_subject import (
    Controls as Controls,
)
from memaudit.audit.result_subject import (
    Failures as Failures,
)
from memaudit.audit.result_subject import (
    Feasibility as Feasibility,
)
from memaudit.audit.result_subject import (
    FrontEndTrial as FrontEndTrial,
)
from memaudit.audit.result_subject import (
    Injection as Injection,
)
from memaudit.audit.result_subject import (
    KitSummary as KitSummary,
)
from memaudit.audit.result_subject import (
    ModelFile as ModelFile,
)
from memaudit.audit.result_subject import (
    ModelSummary as ModelSummary,
)
from memaudit.audit.result_subject import (
    OtherTexts as OtherTexts,
)
from memaudit.audit.result_subject import Part
from memaudit.audit.result_subject import (
    SelfChecks as SelfChecks,
)
from memaudit.audit.result_subject import (
    Tool as Tool,
)
from memaudit.errors import ResultsError
from memaudit.files import write_json
from memaudit.reading import read_text

SCHEMA = "memaudit/results/1"
Verdict = Literal["passed", "failed", "inconclusive"]
Policy = Literal["default", "given", "pre-registered"]
"""Where the gates come from: memaudit's own, the user's, or those fixed in the kit before training."""


class GateResult(Part):
    """A gate for one figure: ``low`` and ``high`` are the limits that decide (null: no such limit).

    ``needed``: for an undecided one an estimate of the pairs a cell with which half of audits would decide.
    """

    gate: str
    metric: str
    repetitions: int | None
    speed: float | None
    status: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    bound: float
    reason: str
    needed: int | None = None


class BaselineSummary(Part):
    """The earlier audit that the gates were held against.

    ``paired``: it was made with the same kit, so that every canary is compared with itself. Otherwise both
    audits' own intervals are set against each other.
    """

    kit: str
    commitment: str
    adapter: str
    files: tuple[ModelFile, ...]
    created: str
    verdict: Verdict
    utterances_sha256: str
    paired: bool


class Histogram(Part):
    """Counts of membership scores in shared bins, both arms of one speed."""

    speed: float
    edges: tuple[float, ...]
    inserted: tuple[int, ...]
    held_out: tuple[int, ...]


class Roc(Part):
    """Corners of the ROC curve of one level's membership scores, from (0, 0) to (1, 1)."""

    speed: float
    repetitions: int
    fpr: tuple[float, ...]
    tpr: tuple[float, ...]


class Example(Part):
    """One canary as a reader would like to see it.

    ``exposure`` in bits is an inserted canary's own, among the held-out ones of its speed; null for others.
    """

    kind: Literal["most", "least", "held_out", "control"]
    id: str
    speed: float
    repetitions: int
    reference: str
    transcript: str
    cer: float
    exposure: float | None = None


class UtterancesFile(Part):
    """The file beside results.json that holds a line a canary."""

    name: str = "utterances.jsonl"
    sha256: str
    n: int


class Results(Part):
    """Everything that an audit found: what the reports are made from.

    ``warning_names`` holds the name of each of the ``warnings``, in their order (`memaudit.audit.warnings`);
    older results have none.
    """

    schema_name: Literal["memaudit/results/1"] = Field(default="memaudit/results/1", alias="schema")
    tool: Tool
    created: str
    kit: KitSummary
    model: ModelSummary
    injection: Injection
    normaliser: str
    membership: Literal["loss", "accuracy"]
    controls: Controls
    failures: Failures | None = None
    self_checks: SelfChecks | None = None
    kit_controls: Controls | None = None
    feasibility: tuple[Feasibility, ...] = ()
    cells: tuple[Cell, ...]
    speeds: tuple[Speed, ...]
    epsilon: JointEpsilon | None = None
    learning: Learning | None = None
    gates: tuple[GateResult, ...]
    policy: Policy
    baseline: BaselineSummary | None = None
    verdict: Verdict
    verdict_reason: str
    warnings: tuple[str, ...]
    warning_names: tuple[str, ...] = ()
    histograms: tuple[Histogram, ...]
    roc: tuple[Roc, ...] = ()
    examples: tuple[Example, ...]
    utterances: UtterancesFile

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @property
    def primary_speed(self) -> float:
        """The fastest speed, which the default policy gates."""
        return max(cell.speed for cell in self.cells)

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return self.model_dump(mode="json", by_alias=True)


def write_results(path: Path, results: Results) -> None:
    """Write results.json."""
    write_json(path, results.document())


def locate_results(path: Path) -> Path:
    """The results.json that a user means by its own path or by its folder."""
    return path / "results.json" if path.is_dir() else path


def read_results(path: Path) -> Results:
    """Read results.json, given itself or its folder.

    Raises:
        ResultsError: if it is missing, no JSON, or does not follow the schema; names the first wrong key.
    """
    file = locate_results(path)
    how = "give the folder that memaudit score wrote"
    try:
        document = json.loads(read_text(file))
        json.dumps(document, ensure_ascii=False).encode()  # an escape for half a character is no text
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError("no results can be read here", where=str(file), how=how) from error
    try:
        return Results.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "document"
        raise ResultsError(f"{key}: {first['msg']}", where=str(file), how=how) from error
