"""Claims 1 and 2: canaries are memorised, and speeding them up is what shows it."""

from __future__ import annotations

from memaudit.lab.study import BASELINE
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import Claim, Part, judge
from memaudit.lab.study_numbers import judged_by
from memaudit.lab.study_results import Victim
from memaudit.lab.study_words import mean_range

READ = 0.7
"""Accuracy from which speech is called read."""
ABOVE_CHANCE = 0.15
"""What held-out canaries may be read above chance at the fastest speed."""
LEVEL = 0.05


def memorises(found: Findings) -> Claim:
    """Claim 1."""
    rule = (
        "without clipping, the accuracy gap's lower limit is above 0; the trend with repetitions has p <= "
        f"{LEVEL:g}; ordinary sentences at speed 1 that were never trained on are read (accuracy >= "
        f"{READ:g}) and held-out canaries at the fastest speed are not (at most chance + {ABOVE_CHANCE:g})"
    )
    victims = found.of(BASELINE)
    parts = (
        Part("gap above 0", {v.seed: v.top().gap.low > 0 for v in victims}),
        Part("grows with repetitions", {v.seed: v.at(v.fastest).trend_p <= LEVEL for v in victims}),
        Part("not learnt: read at speed 1 only", {v.seed: _not_learnt(v) for v in victims}),
    )
    numbers = []
    if victims:
        numbers = [
            f"gap {mean_range([v.top().gap.estimate for v in victims], signed=True)}",
            f"held-out accuracy {mean_range([v.top().held_out for v in victims])} at {victims[0].fastest:g} "
            f"times speed, controls {mean_range([v.controls for v in victims])} at speed 1",
            f"largest trend p {max(v.at(v.fastest).trend_p for v in victims):.2g}",
        ]
    return judge(1, "Memorisation grows with repetitions", rule, [judged_by(BASELINE, parts, numbers)])


def _not_learnt(victim: Victim) -> bool:
    speed = victim.at(victim.fastest)
    return victim.controls >= READ and speed.held_out <= (speed.chance or 0.0) + ABOVE_CHANCE


def sped_up(found: Findings) -> Claim:
    """Claim 2."""
    rule = (
        "with the kit of several speeds, the gap at the fastest minus that at speed 1 has a lower limit "
        f"above 0; held-out canaries at speed 1 are read (accuracy >= {READ:g}); the gap's lower limit is "
        "above 0 at each speed of 2 and more"
    )
    judged = []
    for name in found.names("ladder"):
        victims = found.of(name)
        parts = (
            Part(
                "gap wider than at speed 1",
                {v.seed: v.difference_of_gaps is not None and v.difference_of_gaps.low > 0 for v in victims},
            ),
            Part("speed 1 is read anyhow", {v.seed: v.speeds[0].held_out >= READ for v in victims}),
            Part(
                "gap above 0 from speed 2 on",
                {v.seed: all(v.top(s.speed).gap.low > 0 for s in v.speeds if s.speed >= 2) for v in victims},
            ),
        )
        numbers = [
            f"{speed.speed:g} times: held out {mean_range([v.at(speed.speed).held_out for v in victims])}, "
            f"gap {mean_range([v.top(speed.speed).gap.estimate for v in victims], signed=True)}"
            for speed in victims[0].speeds
        ]
        judged.append(judged_by(name, parts, numbers))
    return judge(2, "Sped-up canaries tell memorising from learning", rule, judged)
