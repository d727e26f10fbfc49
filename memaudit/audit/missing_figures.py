"""Why a figure of an audit is null: one clause for each kind of figure that is missing."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.results import Cell, SelfChecks, Speed
from memaudit.audit.sheet import Sheet
from memaudit.stats.extrapolated_exposure import LEAST


def missing_figures(
    sheets: dict[float, Sheet], cells: Sequence[Cell], speeds: Sequence[Speed], checks: SelfChecks
) -> list[str]:
    """A clause each, naming the key in results.json and the reason.

    Losses that are null, and controls that were not measured, have warnings of their own.
    """
    found = []
    where = _places([cell for cell in cells if cell.epsilon is None])
    if where:
        found.append(f"epsilon{where}: no coin was thrown there that could be guessed")
    where = _places([cell for cell in cells if cell.smallest_detectable_gap is None])
    if where:
        found.append(f"smallest_detectable_gap{where}: not even canaries read whole would be shown at 80 %")
    if any(cell.inserted.chance is None or cell.held_out.chance is None for cell in cells):
        found.append("chance: there is no other text to hold a transcript against")
    if len(sheets) < 2:
        found.append("learning: the kit has one speed")
    if any(speed.recall_half is None for speed in speeds):
        found.append("recall_half: the kit has one repetition level")
    if checks.blind_baseline is None:
        found.append("blind_baseline: the kit was not at hand, or an arm has fewer than 5 canaries")
    found.extend(_extrapolated(sheets, cells))
    return found


def _extrapolated(sheets: dict[float, Sheet], cells: Sequence[Cell]) -> list[str]:
    """Why exposure is not extrapolated although there are losses."""
    found = []
    for speed, sheet in sheets.items():
        at_speed = [cell for cell in cells if cell.speed == speed]
        if not sheet.by_loss or all(cell.exposure.extrapolated is not None for cell in at_speed):
            continue
        held_out = int((~sheet.inserted).sum())
        why = f"needs {LEAST} held-out canaries, there are {held_out}"
        if held_out >= LEAST:
            why = "the held-out losses do not follow the law that would be extrapolated"
        found.append(f"exposure.extrapolated at {speed:g}x: {why}")
    return found


def _places(cells: Sequence[Cell]) -> str:
    """Where these cells are, or nothing where there are none."""
    return " at " + ", ".join(f"@{cell.repetitions}/{cell.speed:g}x" for cell in cells) if cells else ""
