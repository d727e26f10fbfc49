"""What the reports draw and quote: histograms of membership, ROC and recall curves, and examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from memaudit.audit.canary_exposure import canary_exposures
from memaudit.audit.results import Example, Histogram, Roc
from memaudit.audit.sheet import Sheet
from memaudit.audit.utterances import Utterance

BINS = 24
NO_EXPOSURES: Mapping[str, float] = MappingProxyType({})
MOST_CORNERS = 200
"""A ROC curve of more corners is thinned."""

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


def roc(sheet: Sheet) -> list[Roc]:
    """The ROC curve of each level's inserted canaries against all held-out ones of the speed.

    Canaries with equal scores cannot be told apart and share one slanted stretch, so that the area below
    the curve is the Mann-Whitney AUC.
    """
    return [_roc(sheet, level) for level in sheet.levels()]


def _roc(sheet: Sheet, level: int) -> Roc:
    inserted, held_out = sheet.membership[sheet.cell(level)], sheet.membership[~sheet.inserted]
    thresholds = np.unique(np.concatenate([inserted, held_out]))[::-1]
    found = [
        np.append(0, np.searchsorted(np.sort(-scores), -thresholds, side="right"))
        for scores in (held_out, inserted)
    ]
    steps = np.diff(np.stack(found), axis=1)
    turns = steps[0, :-1] * steps[1, 1:] != steps[0, 1:] * steps[1, :-1]
    corners = np.concatenate([[0], np.flatnonzero(turns) + 1, [thresholds.size]])
    if corners.size > MOST_CORNERS:
        corners = corners[np.linspace(0, corners.size - 1, MOST_CORNERS).round().astype(np.int64)]
    fpr, tpr = (
        counts[corners] / scores.size for counts, scores in zip(found, (held_out, inserted), strict=True)
    )
    return Roc(
        speed=sheet.rows[0].speed,
        repetitions=level,
        fpr=tuple(fpr.tolist()),
        tpr=tuple(tpr.tolist()),
    )


def recall_curve(
    repetitions: npt.ArrayLike, half: float, slope: float, floor: float
) -> npt.NDArray[np.float64]:
    """Exact recall by the fitted curve: ``floor`` without copies, one half at ``half`` of them.

    P(r) = f + (1 - f) / (1 + exp(-a - b log2(r / half))), a = logit((1/2 - f) / (1 - f)); Abbott's correction
    (Finney, Probit Analysis, 1971, chapter 7).

    Args:
        repetitions: f8[J] above 0.
        half: repetitions at half recall.
        slope: b, growth of the log odds with a doubling.
        floor: f, rate at which held-out canaries are read, below 1/2.
    """
    doublings = np.log2(np.asarray(repetitions, dtype=np.float64) / half)
    start = logit((0.5 - floor) / (1.0 - floor))
    rate: npt.NDArray[np.float64] = floor + (1.0 - floor) * expit(start + slope * doublings)
    return rate


def examples(sheet: Sheet, controls: Sheet, each: int = 5) -> list[Example]:
    """The most and the least memorised inserted canaries, held-out ones, and controls."""
    order = sorted(range(len(sheet.rows)), key=lambda row: (-sheet.membership[row], sheet.rows[row].id))
    inserted = [sheet.rows[row] for row in order if sheet.inserted[row]]
    held_out = [sheet.rows[row] for row in order if not sheet.inserted[row]]
    least = inserted[each:][: -each - 1 : -1]
    bits = canary_exposures(sheet)
    return [
        *_examples("most", inserted[:each], bits),
        *_examples("least", least, bits),
        *_examples("held_out", held_out[:each]),
        *_examples("control", controls.rows[:each]),
    ]


def _examples(
    kind: str, rows: Sequence[Utterance], exposures: Mapping[str, float] = NO_EXPOSURES
) -> list[Example]:
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
                "exposure": exposures.get(row.id),
            }
        )
        for row in rows
    ]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
