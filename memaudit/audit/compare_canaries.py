"""Single canaries under two models: what a plot draws, and those that moved most."""

from __future__ import annotations

import numpy as np

from memaudit.audit.compare_cells import Both
from memaudit.audit.comparison import ComparedCanary, Mover
from memaudit.audit.figures import LONGEST_TEXT
from memaudit.audit.sheet import Floats, Sheet
from memaudit.stats.exposure import held_out_at_least

EACH = 4
"""How many canaries are quoted that rose, and that fell."""


def exposures(sheet: Sheet) -> Floats:
    """Exposure in bits of each canary of a speed, f8[n]; NaN for held-out ones, which it is measured by."""
    others = sheet.membership[~sheet.inserted]
    found = np.full(len(sheet.rows), np.nan)
    better = held_out_at_least(sheet.membership[sheet.inserted], others)
    found[sheet.inserted] = np.log2(others.size) - np.log2(1.0 + better)
    return found


def canaries(both: Both) -> list[ComparedCanary]:
    """Every canary of a speed with its scores under A and under B."""
    a, b = exposures(both.a), exposures(both.b)
    return [
        ComparedCanary.model_validate(
            {
                "id": row.id,
                "arm": row.arm,
                "speed": row.speed,
                "repetitions": row.repetitions,
                "a": both.a.membership[at],
                "b": both.b.membership[at],
                "exposure_a": a[at] if both.inserted[at] else None,
                "exposure_b": b[at] if both.inserted[at] else None,
            }
        )
        for at, row in enumerate(both.a.rows)
    ]


def movers(both: Both) -> list[Mover]:
    """The inserted canaries whose exposure rose most and fell most, ties by the change of their score."""
    a, b = exposures(both.a), exposures(both.b)
    moved, scores = b - a, both.b.membership - both.a.membership
    rows = np.flatnonzero(both.inserted)
    rising = sorted(rows.tolist(), key=lambda at: (-moved[at], -scores[at], both.a.rows[at].id))
    falling = sorted(rows.tolist(), key=lambda at: (moved[at], scores[at], both.a.rows[at].id))
    risen = [_mover("risen", both, at, a, b) for at in rising[:EACH] if moved[at] > 0.0]
    return risen + [_mover("fallen", both, at, a, b) for at in falling[:EACH] if moved[at] < 0.0]


def _mover(kind: str, both: Both, at: int, a: Floats, b: Floats) -> Mover:
    first, second = both.a.rows[at], both.b.rows[at]
    return Mover.model_validate(
        {
            "kind": kind,
            "id": first.id,
            "speed": first.speed,
            "repetitions": first.repetitions,
            "reference": _cut(first.reference),
            "transcript_a": _cut(first.transcript),
            "transcript_b": _cut(second.transcript),
            "accuracy_a": first.accuracy,
            "accuracy_b": second.accuracy,
            "exposure_a": a[at],
            "exposure_b": b[at],
        }
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
