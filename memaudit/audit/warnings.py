"""What a reader must know beside the figures."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.cells import FPRS
from memaudit.audit.results import Cell, Controls, Injection, ModelSummary, SelfChecks
from memaudit.audit.sheet import Sheet
from memaudit.audit.verdict import LEVEL, detected, void
from memaudit.stats.tpr import held_out_needed

NAMED = 10
"""So many infeasible canaries are named; results.json has them all."""


def audit_warnings(
    sheets: dict[float, Sheet],
    controls: Controls,
    injection: Injection,
    cells: Sequence[Cell],
    model: ModelSummary,
    checks: SelfChecks,
) -> list[str]:
    """Warnings in the order in which they matter."""
    found = []
    if not checks.passed:
        found.append(f"This audit is {void(checks)}. Make a new kit.")
    if not controls.passed:
        found.append(
            f"The model does not read the {controls.n} control sentences: check front end, tokens and files "
            "before anything else."
            if controls.n > 1
            else "The kit has no control sentences, so nothing shows that the model is loaded properly."
        )
    inspected = model.inspection.warnings if model.inspection is not None else ()
    found.extend(f"The model: {sentence}." for sentence in (*model.warnings, *inspected))
    if injection.assumed:
        found.append(
            "That the canaries were in the training set is assumed, not proved: a pipeline that drops fast "
            "utterances makes any model look clean."
        )
    elif not injection.checked and not detected(cells):
        found.append("There is no evidence that the canaries were in the training set.")
    if injection.missing or injection.leaked:
        found.append(
            f"The training set was not as designed: {injection.missing or 0} inserted canaries not in it as "
            f"often as wanted, {injection.leaked or 0} held-out canaries in it."
        )
    found.extend(_infeasible(speed, sheet) for speed, sheet in sheets.items() if _misfits(sheet))
    found.extend(
        f"At {cell.repetitions} repetitions, {cell.speed:g}x, no result could reach 5 % (smallest p-value "
        f"{cell.p_smallest:.3g}): more pairs are needed."
        for cell in cells
        if cell.p_smallest > LEVEL
    )
    fewest = min(cell.held_out.n for cell in cells)
    missing = [rate for rate in FPRS if held_out_needed(rate) > fewest]
    if missing:
        needs = ", ".join(f"{rate:.1%} needs {held_out_needed(rate)}" for rate in missing)
        found.append(f"True positive rates at a false positive rate of {needs} held-out canaries a speed.")
    if not all(sheet.by_loss for sheet in sheets.values()):
        found.append(
            "Membership rests on transcripts alone: losses would see memorisation that transcripts miss."
        )
    return found


def _misfits(sheet: Sheet) -> list[str]:
    return [row.id for row in sheet.rows if row.infeasible]


def _infeasible(speed: float, sheet: Sheet) -> str:
    names = _misfits(sheet)
    some = f" ({', '.join(names)})" if len(names) <= NAMED else ""
    return (
        f"At {speed:g}x, {len(names)} of {len(sheet.rows)} canaries{some} have more tokens than their audio "
        "has frames: no alignment exists, so training could not learn them; use a slower speed for this "
        "model."
    )
