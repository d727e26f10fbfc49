"""Whether the texts of the canaries fit into the model's output frames, by speed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from memaudit.audit.results import Feasibility
from memaudit.audit.sheet import Sheet
from memaudit.models.inspection import Inspection


def feasibility(
    by_speed: Mapping[float, Sheet], inspection: Inspection | None, seconds: Mapping[str, float]
) -> list[Feasibility]:
    """One entry a speed, in the order of the sheets.

    Args:
        by_speed: the canaries, with what the model said of each: infeasible or not, and its tokens.
        inspection: of the model, for its frame rate; None: no figure of frames.
        seconds: how long each canary lasts, by id; those that are missing do not count.
    """
    return [
        Feasibility(
            speed=speed,
            n=len(sheet.rows),
            infeasible=tuple(row.id for row in sheet.rows if row.infeasible),
            frames_per_token=None if inspection is None else _median(sheet, inspection, seconds),
        )
        for speed, sheet in by_speed.items()
    ]


def _median(sheet: Sheet, inspection: Inspection, seconds: Mapping[str, float]) -> float | None:
    shares = [
        _frames(inspection, seconds[row.id]) / row.tokens
        for row in sheet.rows
        if row.tokens and row.id in seconds
    ]
    return float(np.median(shares)) if shares else None


def _frames(inspection: Inspection, seconds: float) -> float:
    if inspection.frames_per_second is None:
        return float(inspection.frames)
    return max(0.0, inspection.frames + (seconds - 1.0) * inspection.frames_per_second)
