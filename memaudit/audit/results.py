"""The data model of results.json (schema memaudit/results/1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memaudit.errors import ResultsError
from memaudit.files import write_json
from memaudit.models.inspection import Inspection

SCHEMA = "memaudit/results/1"
Verdict = Literal["passed", "failed", "inconclusive"]
Policy = Literal["default", "given", "pre-registered"]
"""Where the gates come from: memaudit's own, the user's, or those fixed in the kit before training."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tool(_Part):
    """The program that made the results, and what it ran on."""

    name: str = "memaudit"
    version: str
    python: str
    packages: dict[str, str]


class KitSummary(_Part):
    """The kit that was scored; ``gates`` are those that were fixed in it at make-kit."""

    name: str
    commitment: str
    commitment_verified: bool
    pairs: int
    inserted: int
    held_out: int
    controls: int
    entropy_bits: dict[str, float] = Field(default_factory=dict)
    gates: tuple[str, ...] = ()


class ModelFile(_Part):
    """One file of the model, by digest."""

    name: str
    sha256: str


class ModelSummary(_Part):
    """What was scored, and how it was run.

    ``inferred`` says why the family took the model for its own and what its files left open, ``warnings``
    what makes the figures less sure; ``inspection`` is null where its computation cannot be looked at.
    """

    adapter: str
    files: tuple[ModelFile, ...]
    front_end: dict[str, Any] = Field(default_factory=dict)
    decoder: dict[str, Any] = Field(default_factory=dict)
    inferred: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    inspection: Inspection | None = None


class Injection(_Part):
    """What is known of the canaries' presence in the training set."""

    checked: bool
    assumed: bool = False
    format: str | None = None
    inserted: int | None = None
    missing: int | None = None
    leaked: int | None = None


class OtherTexts(_Part):
    """Losses of the controls' own texts against those of other controls' texts on the same audio.

    ``loss`` and ``other_loss`` are means in nats a token over the ``n`` controls that have both; ``likelier``
    counts those whose own text has the smaller one, ``p_value`` is its one-sided sign test's. ``passed`` is
    null where so few controls could not decide.
    """

    n: int
    loss: float
    other_loss: float
    likelier: int
    p_value: float
    passed: bool | None


class FrontEndTrial(_Part):
    """The ``n`` controls through the same model behind another front end.

    ``likelier`` counts the controls whose text is likelier with it; ``p_value`` is its sign test's, times the
    number of front ends that were tried. ``better``: then the described front end is wrong.
    """

    front_end: dict[str, Any]
    n: int
    accuracy: float
    likelier: int
    p_value: float
    better: bool


class Controls(_Part):
    """Whether the model reads ordinary sentences at speed 1.

    ``passed`` asks for an accuracy clearly above chance, where losses tell for true texts that are likelier
    than others, and for no other front end that is better (tried where the controls are not read well).
    ``source`` says whose recordings: the kit's, or the user's own (``manifest``).
    """

    n: int
    accuracy: float | None
    low: float | None
    chance: float | None
    passed: bool
    source: Literal["kit", "given"] = "kit"
    manifest: ModelFile | None = None
    other_texts: OtherTexts | None = None
    front_ends: tuple[FrontEndTrial, ...] = ()


class AACheck(_Part):
    """The audit's test on arms drawn anew: how often it found something at its level."""

    passed: bool
    rate: float
    audits: int
    level: float


class BlindBaseline(_Part):
    """A classifier on the kit's texts, audio and voices, without the model: can it tell the arms apart?"""

    passed: bool
    auc: float
    p_value: float
    features: int
    canaries: int


class SelfChecks(_Part):
    """Checks of the audit on itself; ``blind_baseline`` is null without a kit, or for one too small."""

    a_a: AACheck
    blind_baseline: BlindBaseline | None

    @property
    def passed(self) -> bool:
        """Whether none of them failed."""
        return self.a_a.passed and (self.blind_baseline is None or self.blind_baseline.passed)


class Feasibility(_Part):
    """How the texts of one speed's canaries fit into the model's output frames.

    ``infeasible`` are the ids of canaries without any alignment; ``frames_per_token`` is the canaries'
    median, null where the model was not inspected.
    """

    speed: float
    n: int
    infeasible: tuple[str, ...]
    frames_per_token: float | None


class ArmScores(_Part):
    """Means over the canaries of one arm; ``loss`` in nats, null where some canary has none."""

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    chance: float | None
    exact: float
    exact_low: float
    exact_high: float
    cer: float
    wer: float
    loss: float | None


class Estimate(_Part):
    """A figure with its two-sided interval."""

    estimate: float
    low: float
    high: float
    confidence: float


class Extrapolated(_Part):
    """Exposure in bits by a law fitted to the held-out losses: an estimate without an interval.

    ``beyond`` canaries score above every held-out one, ``capped`` values are the entropy of the texts, and
    ``p_value`` is that of the test that the law fits.
    """

    mean: float
    median: float
    beyond: int
    capped: int
    p_value: float


class ExposureSummary(_Part):
    """Bits by which a canary's rank among held-out ones beats chance (mean with interval, median).

    ``extrapolated`` is null without losses, with fewer than 100 held-out canaries, and where the law does not
    fit.
    """

    mean: float
    median: float
    low: float
    high: float
    confidence: float
    ceiling: float
    null_mean: float
    extrapolated: Extrapolated | None = None


class TprSummary(_Part):
    """Share of inserted canaries found at a false positive rate that the held-out ones can show."""

    fpr: float
    tpr: float
    low: float
    high: float
    confidence: float


class FdpEstimate(_Part):
    """An estimate, no bound: epsilon at ``delta`` if training were a Gaussian mechanism."""

    epsilon: float
    delta: float
    assumption: str


class EpsilonSummary(_Part):
    """One-run lower bound: for all copies together, and for one copy; ``used`` of the guesses show most."""

    group: float
    single: float
    delta: float
    confidence: float
    adjacency: Literal["replace-one", "add-remove"]
    guesses: int
    correct: int
    ceiling: float
    used: int | None = None
    fdp_estimate: FdpEstimate | None = None


class JointEpsilon(_Part):
    """One-run lower bound for one copy, from all repetition levels of the fastest speed together."""

    joint_single: float
    delta: float
    confidence: float
    adjacency: Literal["replace-one", "add-remove"]
    guesses: int
    correct: int
    ceiling: float
    used: int | None = None


class Cell(_Part):
    """One (speed, repetitions): its inserted canaries against the held-out ones of that speed."""

    speed: float
    repetitions: int
    inserted: ArmScores
    held_out: ArmScores
    accuracy_gap: Estimate
    exact_gap: Estimate
    cer_gap: Estimate | None = None
    wer_gap: Estimate | None = None
    p_value: float
    p_adjusted: float
    p_smallest: float
    p_exact: bool
    exposure: ExposureSummary
    auc: Estimate
    tpr_at_fpr: tuple[TprSummary, ...]
    epsilon: EpsilonSummary | None
    smallest_detectable_gap: float | None


class Trend(_Part):
    """Does membership grow with the repetitions? One-sided randomisation test."""

    p_value: float


class RecallHalf(_Part):
    """Repetitions at which half of the canaries are transcribed exactly; ``high`` null: no upper limit.

    ``slope`` (growth of the log odds with a doubling of the repetitions) and ``floor`` (rate at which
    held-out canaries are read) are those of the fitted curve; null where there is none, and in older results.
    """

    status: Literal["reached", "not reached", "already reached", "undefined"]
    repetitions: float | None
    low: float
    high: float | None
    confidence: float
    slope: float | None = None
    floor: float | None = None


class HalfSpeed(_Part):
    """Speed at which half of what is read at the slowest is lost; ``high`` null: no upper limit."""

    arm: Literal["inserted", "held_out"]
    repetitions: int
    status: Literal["reached", "not reached", "already reached", "undefined"]
    speed: float | None
    low: float
    high: float | None
    confidence: float


class Learning(_Part):
    """What the speeds show together: what the model learnt, and what it can only have memorised."""

    fast: float
    slow: float
    difference_of_gaps: Estimate
    half_accuracy: HalfSpeed
    half_recall: tuple[HalfSpeed, ...]


class Speed(_Part):
    """All repetition levels of one speed together."""

    speed: float
    held_out: ArmScores
    accuracy_gap: Estimate
    exact_gap: Estimate
    p_value: float
    trend: Trend
    recall_half: RecallHalf | None


class GateResult(_Part):
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


class BaselineSummary(_Part):
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


class Histogram(_Part):
    """Counts of membership scores in shared bins, both arms of one speed."""

    speed: float
    edges: tuple[float, ...]
    inserted: tuple[int, ...]
    held_out: tuple[int, ...]


class Roc(_Part):
    """Corners of the ROC curve of one level's membership scores, from (0, 0) to (1, 1)."""

    speed: float
    repetitions: int
    fpr: tuple[float, ...]
    tpr: tuple[float, ...]


class Example(_Part):
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


class UtterancesFile(_Part):
    """The file beside results.json that holds a line a canary."""

    name: str = "utterances.jsonl"
    sha256: str
    n: int


class Results(_Part):
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
        document = json.loads(file.read_text(encoding="utf-8"))
        json.dumps(document, ensure_ascii=False).encode()  # an escape for half a character is no text
    except (OSError, UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise ResultsError("no results can be read here", where=str(file), how=how) from error
    try:
        return Results.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "document"
        raise ResultsError(f"{key}: {first['msg']}", where=str(file), how=how) from error
