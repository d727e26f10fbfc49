"""The figures of one speed, all repetition levels together, from a sheet."""

from __future__ import annotations

import numpy as np

from memaudit.audit.cells import RELABELLINGS, arm_scores, estimate, gaps, relabelling_test
from memaudit.audit.results import RecallHalf, Speed, Trend
from memaudit.audit.sheet import Sheet, tie_key
from memaudit.stats.dose_response import dose_response
from memaudit.stats.trend import trend_test


def speed(sheet: Sheet, confidence: float) -> Speed:
    """All repetition levels of one speed together."""
    accuracy_gap, exact_gap = gaps(sheet, sheet.inserted, confidence)
    return Speed(
        speed=sheet.rows[0].speed,
        held_out=arm_scores(sheet, ~sheet.inserted, confidence),
        accuracy_gap=estimate(accuracy_gap),
        exact_gap=estimate(exact_gap),
        p_value=relabelling_test(sheet, sheet.inserted).p_value,
        trend=Trend(
            p_value=trend_test(
                sheet.membership,
                sheet.repetitions,
                sheet.stratum,
                seed=tie_key(sheet.commitment, "trend"),
                relabellings=RELABELLINGS,
            ).p_value
        ),
        recall_half=recall_half(sheet, confidence),
    )


def recall_half(sheet: Sheet, confidence: float) -> RecallHalf | None:
    """Repetitions at half recall, from exact matches; None where the kit has one level only."""
    levels = sheet.levels()
    if len(levels) < 2:
        return None
    cells = [sheet.cell(level) for level in levels]
    found = dose_response(
        levels,
        [int(sheet.exact[rows].sum()) for rows in cells],
        [int(rows.sum()) for rows in cells],
        int(sheet.exact[~sheet.inserted].sum()),
        int((~sheet.inserted).sum()),
        confidence,
    )
    return RecallHalf(
        status=found.status,
        repetitions=found.half,
        low=found.low,
        high=found.high if np.isfinite(found.high) else None,
        confidence=confidence,
        slope=found.slope if found.half is not None else None,
        floor=found.floor if found.half is not None else None,
    )
