"""Gates against an earlier audit: they fail only where a figure is worse beyond its interval.

The gates of the new audit say which figures are asked for. In the place of their bounds stands the figure of
the earlier audit. With another kit of the same recipe nothing can be paired: then the change lies between
(new low - old high) and (new high - old low), where both intervals have half of the error (Bonferroni). With
one kit every canary is compared with itself as well (`memaudit.audit.compare_cells.difference`), and what
both ways leave over is the interval, with half of the error each: pairing sees small changes of many
canaries, and the two audits' own intervals see large ones of few. All gates are one family at 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from memaudit.audit.compare import Audit, check_alike, on_one_scale
from memaudit.audit.compare_cells import difference
from memaudit.audit.compare_verdict import ERROR, FIGURES, change
from memaudit.audit.comparison import ComparedGate, Difference, Figure
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import BaselineSummary, GateResult, Results, Verdict
from memaudit.audit.sheet import Sheet, sheets
from memaudit.audit.utterances import Utterance
from memaudit.audit.verdict import decide
from memaudit.audit.warnings import with_gate_warnings
from memaudit.errors import ResultsError
from memaudit.stats.interval import Interval

NO_WORSE = "no worse than the baseline"

Place = tuple[Figure, float, int]
"""(figure, speed, repetitions)."""


def against_baseline(results: Results, utterances: Sequence[Utterance], earlier: Audit) -> Results:
    """The results with each gate held against an earlier audit.

    Args:
        results: the new audit, with gates.
        utterances: what it was made from.
        earlier: the baseline.

    Raises:
        ResultsError: where the two cannot be compared: another normaliser, another recipe, or a gated cell
            that only one of them has.
    """
    new = Audit("", results, utterances)
    paired = earlier.results.kit.commitment == results.kit.commitment
    compared = _paired(earlier, new) if paired else _unpaired(earlier, new)
    gates = tuple(_gate(item) for item in compared)
    verdict, reason = _decide(gates, earlier.results, results)
    return with_gate_warnings(
        results.model_copy(
            update={
                "gates": gates,
                "baseline": _summary(earlier.results, paired=paired),
                "verdict": verdict,
                "verdict_reason": reason,
            }
        )
    )


def _paired(earlier: Audit, new: Audit) -> list[ComparedGate]:
    check_alike(earlier, new)
    _, both = on_one_scale(earlier, new)
    wanted = _wanted(new.results)
    confidence = 1.0 - ERROR / len(wanted)
    half = (1.0 + confidence) / 2.0
    found = []
    for place, metric in wanted.items():
        figure, speed, level = place
        at = both[speed]
        moved = difference(at, at.a.cell(level), figure, half)
        apart = _apart({speed: at.a}, {speed: at.b}, place, half)
        low, high = max(moved.low, apart.low), min(moved.high, apart.high)
        limits = {"low": low, "high": high} if low <= high else {}
        found.append(_compared(metric, place, moved.model_copy(update={**limits, "confidence": confidence})))
    return found


def _unpaired(earlier: Audit, new: Audit) -> list[ComparedGate]:
    _check_comparable(earlier.results, new.results)
    first, second = (sheets(one.utterances, one.results.kit.commitment)[0] for one in (earlier, new))
    wanted = _wanted(new.results)
    confidence = 1.0 - ERROR / len(wanted)
    return [
        _compared(metric, place, _apart(first, second, place, confidence)) for place, metric in wanted.items()
    ]


def _wanted(results: Results) -> dict[Place, str]:
    """The figures that the gates ask for, each once, with the metric that asks first."""
    wanted: dict[Place, str] = {}
    for gate in results.gates:
        if gate.speed is not None and gate.repetitions is not None:
            wanted.setdefault((FIGURES[gate.metric], gate.speed, gate.repetitions), gate.metric)
    return wanted


def _compared(metric: str, place: Place, moved: Difference) -> ComparedGate:
    figure, speed, level = place
    return ComparedGate(
        metric=metric,
        figure=figure,
        speed=speed,
        repetitions=level,
        difference=moved,
        change=change(moved),
    )


def _apart(
    first: Mapping[float, Sheet], second: Mapping[float, Sheet], place: Place, confidence: float
) -> Difference:
    """A change from the intervals of both audits, each with half of the error."""
    before, after = (_interval(side, place, (1.0 + confidence) / 2.0) for side in (first, second))
    return Difference(
        a=before.estimate,
        b=after.estimate,
        change=after.estimate - before.estimate,
        low=after.low - before.high,
        high=after.high - before.low,
        confidence=confidence,
    )


def _interval(side: Mapping[float, Sheet], place: Place, confidence: float) -> Interval:
    """The figure of one audit."""
    figure, speed, level = place
    sheet = side.get(speed)
    if sheet is None or level not in sheet.levels():
        raise ResultsError(
            f"the baseline's kit has no canary at {level} repetitions, {speed:g}x",
            how="use gates that both kits can answer, or a baseline made with the same recipe",
        )
    found = METRICS[figure].measure(sheet, sheet.cell(level), ~sheet.inserted, confidence)
    if found is None or not np.isfinite([found.low, found.high]).all():
        raise ResultsError(f"{figure} has no two-sided interval", how="gate another figure")
    return found


def _check_comparable(earlier: Results, new: Results) -> None:
    """Refuse kits whose canaries are not as hard to read, or figures that are not on one scale.

    Raises:
        ResultsError: naming what differs.
    """
    by_rank = any(FIGURES[gate.metric] == "exposure" for gate in new.gates)
    held_out = [{item.speed: item.held_out.n for item in one.speeds} for one in (earlier, new)]
    for what, first, second in (
        ("kits of other recipes", earlier.kit.name, new.kit.name),
        ("canaries of other entropy", earlier.kit.entropy_bits, new.kit.entropy_bits),
        ("text normalised differently", earlier.normaliser, new.normaliser),
        *((("membership measured differently", earlier.membership, new.membership),) if by_rank else ()),
        *((("other numbers of held-out canaries", *held_out),) if by_rank else ()),
    ):
        if first != second:
            raise ResultsError(
                f"this audit and the baseline have {what} ({second} and {first})",
                where="--baseline",
                how="give an audit made with the same kit, or with another kit of the same recipe",
            )


def _gate(item: ComparedGate) -> GateResult:
    moved, unit = item.difference, " bits" if item.figure == "exposure" else ""
    worse = item.change == "more"
    return GateResult(
        gate=f"{item.figure}@{item.repetitions}/{item.speed:g}x {NO_WORSE}",
        metric=item.figure,
        repetitions=item.repetitions,
        speed=item.speed,
        status="failed" if worse else "passed",
        estimate=moved.change,
        low=moved.low,
        high=moved.high,
        bound=0.0,
        reason=(
            f"the whole interval of the change lies above 0: from {moved.a:.2f} to {moved.b:.2f}{unit}"
            if worse
            else f"no worsening is shown: from {moved.a:.2f} to {moved.b:.2f}{unit}, at most "
            f"{max(0.0, moved.high):.2f} more"
        ),
    )


def _decide(gates: Sequence[GateResult], before: Results, found: Results) -> tuple[Verdict, str]:
    """The verdict: a worsening fails; what makes any audit inconclusive makes this one so."""
    if before.self_checks is not None and not before.self_checks.passed:
        return "inconclusive", "the baseline is void by its self-checks"
    if not before.controls.passed:
        return "inconclusive", (
            "the model of the baseline did not read its controls, so what it seems not to have memorised may "
            "have been misread"
        )
    verdict, why = decide(
        gates, found.controls, found.injection, found.cells, found.self_checks, found.failures
    )
    if verdict == "passed":
        why = f"no gated figure is worse than in the baseline beyond its interval ({len(gates)} compared)"
    return verdict, why


def _summary(earlier: Results, *, paired: bool) -> BaselineSummary:
    return BaselineSummary(
        kit=earlier.kit.name,
        commitment=earlier.kit.commitment,
        adapter=earlier.model.adapter,
        files=earlier.model.files,
        created=earlier.created,
        verdict=earlier.verdict,
        utterances_sha256=earlier.utterances.sha256,
        paired=paired,
    )
