"""The numbers that stand beside a judged claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memaudit.lab.study import BASELINE
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import Judged, Part, status_of
from memaudit.lab.study_results import Victim
from memaudit.lab.study_words import mean_range, ranged


def change_numbers(victims: Sequence[Victim]) -> Iterator[str]:
    """How the gap at most copies differs from that without clipping, for the victims that were compared."""
    changes = [change for victim in victims if (change := victim.top_change()) is not None]
    if not changes:
        return
    clear = sum(not change.gap.low <= 0 <= change.gap.high for change in changes)
    yield (
        f"gap at {changes[0].repetitions} copies against no clipping "
        f"{mean_range([change.gap.estimate for change in changes], signed=True)}, its interval without 0 in "
        f"{clear} of {len(changes)} seeds"
    )


def wer_words(found: Findings, name: str) -> str:
    """A condition's word error rate beside that without clipping."""
    return f"{ranged(found.conditions[name].wer)}, without clipping {ranged(found.conditions[BASELINE].wer)}"


def judged_by(name: str, parts: Sequence[Part], numbers: Sequence[str]) -> Judged:
    """A claim as judged for one condition."""
    return Judged(name, status_of(parts), tuple(parts), tuple(numbers))
