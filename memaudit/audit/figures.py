"""What the reports draw and quote: histograms of membership, and examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.audit.results import Example, Histogram
from memaudit.audit.sheet import Sheet
from memaudit.audit.utterances import Utterance

BINS = 24
LONGEST_TEXT = 400
"""Longer texts are cut in examples; utterances.jsonl has them whole."""


def histogram(sheet: Sheet) -> Histogram:
    """Membership scores of both arms in shared bins."""
    scores = sheet.membership
    low, high = (float(scores.min()), float(scores.max())) if sheet.by_loss else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    counts = [np.histogram(scores[arm], edges)[0] for arm in (sheet.inserted, ~sheet.inserted)]
    return Histogram(
        speed=sheet.rows[0].speed,
        edges=tuple(edges.tolist()),
        inserted=tuple(counts[0].tolist()),
        held_out=tuple(counts[1].tolist()),
    )


def examples(sheet: Sheet, controls: Sheet, each: int = 5) -> list[Example]:
    """The most and the least memorised inserted canaries, held-out ones, and controls."""
    order = sorted(range(len(sheet.rows)), key=lambda row: (-sheet.membership[row], sheet.rows[row].id))
    inserted = [sheet.rows[row] for row in order if sheet.inserted[row]]
    held_out = [sheet.rows[row] for row in order if not sheet.inserted[row]]
    least = [row for row in reversed(inserted) if row not in inserted[:each]]
    return [
        *_examples("most", inserted[:each]),
        *_examples("least", least[:each]),
        *_examples("held_out", held_out[:each]),
        *_examples("control", controls.rows[:each]),
    ]


def _examples(kind: str, rows: Sequence[Utterance]) -> list[Example]:
    return [
        Example.model_validate(
            {
                "kind": kind,
                "id": row.id,
                "speed": row.speed,
                "repetitions": row.repetitions,
                "reference": _cut(row.reference),
                "transcript": _cut(row.transcript),
                "cer": row.cer,
            }
        )
        for row in rows
    ]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
