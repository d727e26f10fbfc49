"""What results.json tells of a cell, of a speed, and of the speeds together."""

from __future__ import annotations

from typing import Literal

from memaudit.audit.result_subject import Part


class ArmScores(Part):
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


class Estimate(Part):
    """A figure with its two-sided interval."""

    estimate: float
    low: float
    high: float
    confidence: float


class Extrapolated(Part):
    """Exposure in bits by a law fitted to the held-out losses: an estimate without an interval.

    ``beyond`` canaries score above every held-out one, ``capped`` values are the entropy of the texts, and
    ``p_value`` is that of the test that the law fits.
    """

    mean: float
    median: float
    beyond: int
    capped: int
    p_value: float


class ExposureSummary(Part):
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


class TprSummary(Part):
    """Share of inserted canaries found at a false positive rate that the held-out ones can show."""

    fpr: float
    tpr: float
    low: float
    high: float
    confidence: float


class FdpEstimate(Part):
    """An estimate, no bound: epsilon at ``delta`` if training were a Gaussian mechanism."""

    epsilon: float
    delta: float
    assumption: str


class EpsilonSummary(Part):
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


class JointEpsilon(Part):
    """One-run lower bound for one copy, from all repetition levels of the fastest speed together."""

    joint_single: float
    delta: float
    confidence: float
    adjacency: Literal["replace-one", "add-remove"]
    guesses: int
    correct: int
    ceiling: float
    used: int | None = None


class Cell(Part):
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


class Trend(Part):
    """Does membership grow with the repetitions? One-sided randomisation test."""

    p_value: float


class RecallHalf(Part):
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


class HalfSpeed(Part):
    """Speed at which half of what is read at the slowest is lost; ``high`` null: no upper limit."""

    arm: Literal["inserted", "held_out"]
    repetitions: int
    status: Literal["reached", "not reached", "already reached", "undefined"]
    speed: float | None
    low: float
    high: float | None
    confidence: float


class Learning(Part):
    """What the speeds show together: what the model learnt, and what it can only have memorised."""

    fast: float
    slow: float
    difference_of_gaps: Estimate
    half_accuracy: HalfSpeed
    half_recall: tuple[HalfSpeed, ...]


class Speed(Part):
    """All repetition levels of one speed together."""

    speed: float
    held_out: ArmScores
    accuracy_gap: Estimate
    exact_gap: Estimate
    p_value: float
    trend: Trend
    recall_half: RecallHalf | None
