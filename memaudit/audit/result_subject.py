"""What results.json tells of the subject of an audit: kit, model, evidence, controls, self-checks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from memaudit.models.inspection import Inspection


class Part(BaseModel):
    """A part of results.json: its own keys only, none of them infinite or NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tool(Part):
    """The program that made the results, and what it ran on."""

    name: str = "memaudit"
    version: str
    python: str
    packages: dict[str, str]


class KitSummary(Part):
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


class ModelFile(Part):
    """One file of the model, by digest."""

    name: str
    sha256: str


class ModelSummary(Part):
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


class Injection(Part):
    """What is known of the canaries' presence in the training set."""

    checked: bool
    assumed: bool = False
    format: str | None = None
    inserted: int | None = None
    missing: int | None = None
    leaked: int | None = None


class OtherTexts(Part):
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


class FrontEndTrial(Part):
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


class Controls(Part):
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


class AACheck(Part):
    """The audit's test on arms drawn anew: how often it found something at its level."""

    passed: bool
    rate: float
    audits: int
    level: float


class BlindBaseline(Part):
    """A classifier on the kit's texts, audio and voices, without the model: can it tell the arms apart?"""

    passed: bool
    auc: float
    p_value: float
    features: int
    canaries: int


class SelfChecks(Part):
    """Checks of the audit on itself; ``blind_baseline`` is null without a kit, or for one too small."""

    a_a: AACheck
    blind_baseline: BlindBaseline | None

    @property
    def passed(self) -> bool:
        """Whether none of them failed."""
        return self.a_a.passed and (self.blind_baseline is None or self.blind_baseline.passed)


class Failures(Part):
    """Utterances that the model gave nothing for, at most ``allowed`` of them for a pass.

    ``twins`` further canaries were left out with them, for each pair stands or falls whole. ``p_value`` is
    the two-sided sign test's of whether it is the inserted or the held-out twin that failed; null where no
    pair has one failed twin. ``first`` is the id of one of them and ``reason`` why it failed.
    """

    n: int
    allowed: int
    inserted: int
    held_out: int
    controls: int
    twins: int
    p_value: float | None
    first: str | None
    reason: str | None


class Feasibility(Part):
    """How the texts of one speed's canaries fit into the model's output frames.

    ``infeasible`` are the ids of canaries without any alignment; ``frames_per_token`` is the canaries'
    median, null where the model was not inspected.
    """

    speed: float
    n: int
    infeasible: tuple[str, ...]
    frames_per_token: float | None
