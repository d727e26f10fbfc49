"""Figures that need more than one cell: the joint bound on epsilon, and exposure beyond its ceiling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.audit.guesses import joint_bound
from memaudit.audit.results import Cell, Extrapolated, JointEpsilon
from memaudit.audit.sheet import Sheet
from memaudit.stats.extrapolated_exposure import extrapolated_exposure


def joint(sheet: Sheet, confidence: float) -> JointEpsilon | None:
    """The bound on the epsilon of one copy from every coin of a speed; None where it has none."""
    bound = joint_bound(sheet, confidence)
    if bound is None:
        return None
    return JointEpsilon(
        joint_single=bound.epsilon,
        delta=bound.delta,
        confidence=confidence,
        adjacency=bound.adjacency,
        guesses=bound.guesses,
        correct=bound.correct,
        ceiling=bound.ceiling,
        used=bound.used,
    )


def with_extrapolation(cells: Sequence[Cell], sheets: dict[float, Sheet], bits: float | None) -> list[Cell]:
    """The cells with exposure extrapolated, where that may be done.

    The law is fitted once a speed, to the held-out losses of all its cells.

    Args:
        cells: of every speed.
        sheets: one a speed.
        bits: entropy of the canary text that has most, which no exposure can pass; None where it isn't known.
    """
    found: list[Cell] = []
    for sheet in sheets.values():
        own = [cell for cell in cells if cell.speed == sheet.rows[0].speed]
        if not sheet.by_loss or not bits:
            found.extend(own)
            continue
        fitted = extrapolated_exposure(
            sheet.membership[sheet.inserted], sheet.membership[~sheet.inserted], bits
        )
        if fitted.values is None or fitted.p_value is None:
            found.extend(own)
            continue
        levels = sheet.repetitions[sheet.inserted]
        ceiling = float(sheet.membership[~sheet.inserted].max())
        for cell in own:
            rows = levels == cell.repetitions
            values, scores = fitted.values[rows], sheet.membership[sheet.inserted][rows]
            summary = Extrapolated(
                mean=float(values.mean()),
                median=float(np.median(values)),
                beyond=int((scores > ceiling).sum()),
                capped=int((values >= bits).sum()),
                p_value=fitted.p_value,
            )
            exposure = cell.exposure.model_copy(update={"extrapolated": summary})
            found.append(cell.model_copy(update={"exposure": exposure}))
    return found
