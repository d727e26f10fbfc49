"""Claims 5 and 6: beyond the papers, and under differential privacy."""

from __future__ import annotations

from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import Claim, Part, judge
from memaudit.lab.study_numbers import change_numbers, judged_by, wer_words
from memaudit.lab.study_results import Victim
from memaudit.lab.study_words import mean_range


def beyond(found: Findings) -> Claim:
    """Claim 5."""
    rule = (
        "epsilon bounds and dose-response of every condition, and the effects of the share of canaries, of "
        "model size, of deduplication, of SpecAugment and speed perturbation: each was measured against the "
        "unclipped victim of the same seed; which way it went is in the numbers"
    )
    judged = []
    for name in found.names("share", "size", "deduplicated", "augmented"):
        victims = found.of(name)
        parts = (
            Part("measured against the baseline", {v.seed: v.top_change() is not None for v in victims}),
        )
        numbers = [*change_numbers(victims), f"WER {wer_words(found, name)}"]
        judged.append(judged_by(name, parts, numbers))
    claim = judge(5, "Beyond the papers: share, size, deduplication, augmentation", rule, judged)
    roles = {found.conditions[item.condition].role for item in judged if item.status == "shown"}
    if claim.status == "shown" and len(roles) < 4:
        return Claim(claim.number, claim.title, claim.rule, "partly shown", claim.judged)
    return claim


def private(found: Findings) -> Claim:
    """Claim 6."""
    rule = (
        "trained with noise at a known epsilon, memaudit's lower bound is at most that epsilon at every "
        "number of repetitions; without clipping the bound is above 0, so it could have been more"
    )
    judged = []
    for name in found.names("private"):
        victims = found.of(name)
        parts = (
            Part("bound below the promise", {v.seed: keeps_promise(v) for v in victims}),
            Part(
                "bound above 0 without clipping",
                {v.seed: (found.baseline(v.seed).top().epsilon or 0.0) > 0 for v in victims},
            ),
        )
        numbers = []
        for place in victims[0].privacy:
            bounds = [
                p.bound or 0.0 for v in victims for p in v.privacy if p.repetitions == place.repetitions
            ]
            numbers.append(
                f"{place.repetitions} copies: bound {mean_range(bounds)}, promised {place.promised:.3g} at "
                f"delta {place.delta:.1g}"
            )
        judged.append(judged_by(name, parts, [*numbers, f"WER {wer_words(found, name)}"]))
    return judge(6, "With differential privacy the bound stays below its epsilon", rule, judged)


def keeps_promise(victim: Victim) -> bool:
    """Whether the audit's bound is at most what training promised, at every dose that has one."""
    return bool(victim.privacy) and all((item.bound or 0.0) <= item.promised for item in victim.privacy)
