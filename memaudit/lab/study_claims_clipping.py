"""Claims 3 and 4: what clipping does to memorisation, to ordinary speech and to the time of a step."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import Claim, Part, judge
from memaudit.lab.study_numbers import change_numbers, judged_by, wer_words
from memaudit.lab.study_pooled import Condition
from memaudit.lab.study_results import Victim
from memaudit.lab.study_words import ranged, signed

SMALL_GAP = 0.10
"""The bound of memaudit's default gate."""
WER_LOSS = 0.03
"""What per-example clipping may cost in ordinary word error rate."""
CORE_WER_LOSS = 0.02
CORE_COST = 1.25
"""What a step with per-core clipping may take, in steps without clipping."""
MATCHED_WER = 0.01
"""How far below the clipped one's a control's word error rate may lie."""


def per_example(found: Findings) -> Claim:
    """Claim 3."""
    rule = (
        "for one clip norm, the gap is smaller than without clipping (memaudit compare: interval below 0); "
        f"the pooled gap's upper limit is at most {SMALL_GAP:g} at each number of repetitions; ordinary WER "
        f"is at most {WER_LOSS:g} above that without clipping; a control without clipping that was trained "
        f"less, to a WER no more than {MATCHED_WER:g} below the clipped one's, has a larger gap"
    )
    judged = []
    for name in found.names("example"):
        victims, condition = found.of(name), found.conditions[name]
        small = all(dose.gap.high <= SMALL_GAP for dose in condition.fastest)
        parts = (
            _less_than_baseline(victims),
            Part("gap small at every dose", {v.seed: small for v in victims}),
            _reads_as_well(found, victims, WER_LOSS),
            Part(
                "less than by training less",
                {v.seed: _beats_control(found, v) for v in victims if found.names("less")},
            ),
        )
        judged.append(judged_by(name, parts, _mitigation_numbers(found, condition, victims)))
    return judge(3, "Per-example clipping mitigates up to the most repetitions", rule, judged)


def per_core(found: Findings) -> Claim:
    """Claim 4."""
    rule = (
        "for one of the per-core conditions, the gap is smaller than without clipping (memaudit compare: "
        f"interval below 0); ordinary WER is at most {CORE_WER_LOSS:g} above that without clipping; a step "
        f"takes at most {CORE_COST:g} times as long"
    )
    judged = []
    for name in found.names("core", "adaptive"):
        victims, condition = found.of(name), found.conditions[name]
        cost = found.costs.get(condition.role)
        parts = (
            _less_than_baseline(victims),
            _reads_as_well(found, victims, CORE_WER_LOSS),
            Part("costs no more", {} if cost is None else {v.seed: cost <= CORE_COST for v in victims}),
        )
        numbers = _mitigation_numbers(found, condition, victims)
        beaten = sum(_beats_control(found, victim) for victim in victims)
        if found.names("less"):
            numbers.append(f"less than by training less (not judged): in {beaten} of {len(victims)} seeds")
        if cost is not None:
            numbers.append(f"a step takes {cost:.2f} times as long")
        judged.append(judged_by(name, parts, numbers))
    return judge(4, "Per-core clipping lowers memorisation at no cost", rule, judged)


def _less_than_baseline(victims: Sequence[Victim]) -> Part:
    changes = {victim.seed: victim.top_change() for victim in victims}
    return Part(
        "gap smaller than without clipping",
        {seed: change is not None and change.gap.high < 0 for seed, change in changes.items()},
    )


def _reads_as_well(found: Findings, victims: Sequence[Victim], loss: float) -> Part:
    return Part(
        "ordinary WER near that without clipping",
        {victim.seed: victim.wer <= found.baseline(victim.seed).wer + loss for victim in victims},
    )


def _beats_control(found: Findings, victim: Victim) -> bool:
    """Whether training less, to about the victim's WER, leaves a larger gap; the nearest WER decides."""
    controls = [
        other
        for name in found.names("less")
        for other in found.of(name)
        if other.seed == victim.seed and other.wer >= victim.wer - MATCHED_WER
    ]
    if not controls:
        return False
    nearest = min(controls, key=lambda other: other.wer)
    return nearest.top().gap.estimate > victim.top().gap.estimate


def _mitigation_numbers(found: Findings, condition: Condition, victims: Sequence[Victim]) -> list[str]:
    top = condition.fastest[-1]
    return [
        f"pooled gap {signed(top.gap)} at {top.repetitions} copies, exact {ranged(top.exact)}",
        *change_numbers(victims),
        f"loss AUC {ranged(top.auc)}",
        f"WER {wer_words(found, condition.name)}",
    ]
