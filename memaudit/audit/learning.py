"""Learning against memorising: what the speeds of a kit show together."""

from __future__ import annotations

import numpy as np

from memaudit.audit.results import Estimate, HalfSpeed, Learning
from memaudit.audit.sheet import Sheet
from memaudit.stats import half_speed as stats
from memaudit.stats.difference_of_gaps import difference_of_gaps
from memaudit.stats.half_accuracy import half_accuracy_speed


def learning(sheets: dict[float, Sheet], confidence: float) -> Learning | None:
    """The fastest speed against the slowest; None where the kit has one speed.

    Held-out accuracy is what the model has learnt of synthetic speech at a speed. The difference of
    differences is how much wider the gap between the arms is at the fastest speed than at the slowest, where
    held-out canaries are read as well.
    """
    if len(sheets) < 2:
        return None
    fast, slow = max(sheets), min(sheets)
    first, second = sheets[fast], sheets[slow]
    difference = difference_of_gaps(
        first.accuracy[first.inserted],
        first.accuracy[~first.inserted],
        second.accuracy[second.inserted],
        second.accuracy[~second.inserted],
        confidence,
    )
    held_out = [sheet.accuracy[~sheet.inserted] for sheet in sheets.values()]
    chance = float(np.nanmean(np.concatenate([sheet.chance[~sheet.inserted] for sheet in sheets.values()])))
    accuracy = half_accuracy_speed(list(sheets), held_out, confidence, chance if chance < 1.0 else 0.0)
    return Learning(
        fast=fast,
        slow=slow,
        difference_of_gaps=Estimate(
            estimate=difference.estimate,
            low=difference.low,
            high=difference.high,
            confidence=difference.confidence,
        ),
        half_accuracy=_summary("held_out", 0, accuracy),
        half_recall=tuple(_recalls(sheets, confidence)),
    )


def _recalls(sheets: dict[float, Sheet], confidence: float) -> list[HalfSpeed]:
    """Where exact recall has fallen by half: of held-out canaries, and of each level at every speed."""
    levels = [0, *sorted(set.intersection(*(set(sheet.levels()) for sheet in sheets.values())))]
    found = []
    for level in levels:
        cells = [sheet.cell(level) if level else ~sheet.inserted for sheet in sheets.values()]
        recalled = [int(sheet.exact[rows].sum()) for sheet, rows in zip(sheets.values(), cells, strict=True)]
        fitted = stats.half_speed(list(sheets), recalled, [int(rows.sum()) for rows in cells], confidence)
        found.append(_summary("inserted" if level else "held_out", level, fitted))
    return found


def _summary(arm: str, repetitions: int, found: stats.HalfSpeed) -> HalfSpeed:
    return HalfSpeed.model_validate(
        {
            "arm": arm,
            "repetitions": repetitions,
            "status": found.status,
            "speed": found.speed,
            "low": found.low,
            "high": found.high if np.isfinite(found.high) else None,
            "confidence": found.confidence,
        }
    )
