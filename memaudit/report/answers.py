"""The questions that a reviewer asks first, each with a short answer that carries its numbers and n."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memaudit.audit.results import Cell, Results
from memaudit.audit.verdict import detected, unread, void
from memaudit.report.plain import plain
from memaudit.report.words import (
    accuracy_text,
    copies,
    half_words,
    interval,
    listed,
    one_or_range,
    p_text,
    percent,
    top_cell,
)

MOST_FILES = 3
"""So many files of a model are named; the provenance has them all."""


@dataclass(frozen=True)
class Answer:
    """A question and what the audit says to it, as plain text."""

    question: str
    answer: str


def answers(results: Results) -> list[Answer]:
    """In the order in which they are asked."""
    return [
        Answer("Was anything memorised?", _memorised(results)),
        Answer("At how many copies?", _at_copies(results)),
        Answer("How sure is that?", _sure(results)),
        Answer("Could the audit have seen it?", _power(results)),
        Answer("What was audited?", _audited(results)),
    ]


def _memorised(results: Results) -> str:
    checks = results.self_checks
    if checks is not None and not checks.passed:
        return f"This audit cannot say: it is {void(checks)}."
    shown = detected(results.cells)
    fast = [cell for cell in shown if cell.speed == results.primary_speed]
    where = results.primary_speed if fast or not shown else shown[0].speed
    if shown:
        cells = fast or [cell for cell in shown if cell.speed == where]
        cell = max(cells, key=lambda item: item.repetitions)
        return (
            f"Yes. At {where:g} times speed, {_evidence(cell, results)}. Fair coins decided which of them "
            "went in, so this is memorisation and not skill."
        )
    if not results.controls.passed:
        why = unread(results.controls)
        return f"The audit cannot say: memorisation was not detected at this power, but {why}."
    cell = top_cell(results)
    return (
        "Memorisation was not detected at this power, which is no proof of its absence: at "
        f"{cell.speed:g} times speed, {_evidence(cell, results)}."
    )


def _evidence(cell: Cell, results: Results) -> str:
    gap, area = cell.accuracy_gap, cell.auc
    by = "losses" if results.membership == "loss" else "accuracy"
    return (
        f"{accuracy_text(cell.inserted)} of the characters come out right in canaries with "
        f"{copies(cell.repetitions)} in the training set (n = {cell.inserted.n}), and "
        f"{accuracy_text(cell.held_out)} in canaries that were never in it (n = {cell.held_out.n}): a gap of "
        f"{interval(gap.estimate, gap.low, gap.high)}; by {by} the two are told apart with an AUC of "
        f"{interval(area.estimate, area.low, area.high)}, adjusted p {p_text(cell.p_adjusted)}"
    )


def _at_copies(results: Results) -> str:
    cells = sorted(
        (cell for cell in results.cells if cell.speed == results.primary_speed),
        key=lambda cell: cell.repetitions,
    )
    seen = [cell.repetitions for cell in detected(cells)]
    unseen = [cell.repetitions for cell in cells if cell.repetitions not in seen]
    if not seen:
        return (
            f"Tried were {_doses(unseen)}: detected at none of them (n = {_inserted(cells)} inserted a "
            "level)."
        )
    half = next(item.recall_half for item in results.speeds if item.speed == results.primary_speed)
    rest = f", not detected at {_doses(unseen)}" if unseen else ""
    recall = "" if half is None else f" {half_words(half)}"
    return f"Shown at {_doses(seen)}{rest} (n = {_inserted(cells)} a level).{recall}"


def _doses(levels: Sequence[int]) -> str:
    return f"{listed(levels)} {'copy' if list(levels) == [1] else 'copies'}"


def _inserted(cells: Sequence[Cell]) -> str:
    return one_or_range([cell.inserted.n for cell in cells])


def _sure(results: Results) -> str:
    confidence = percent(top_cell(results).accuracy_gap.confidence)
    parts = [f"Intervals in brackets hold at {confidence} each, gates at 95 % over all of them together."]
    checks = results.self_checks
    if checks is None:
        parts.append("The audit was not checked on itself.")
        return " ".join(parts)
    trial, blind = checks.a_a, checks.blind_baseline
    parts.append(
        f"Self-checks {'passed' if checks.passed else 'failed'}: on arms drawn anew the test found something "
        f"in {percent(trial.rate)} of {trial.audits} trials ({percent(trial.level)} expected)"
    )
    parts[-1] += (
        "; there was no blind baseline."
        if blind is None
        else f"; without the model nothing tells the arms apart better than AUC {blind.auc:.2f} "
        f"(p {p_text(blind.p_value)}, n = {blind.canaries})."
    )
    return " ".join(parts)


def _power(results: Results) -> str:
    parts = [power_words(results), _controls(results), f"In the training set: {injection_words(results)}."]
    return " ".join(parts)


def power_words(results: Results) -> str:
    """The smallest gap that the audit would have shown, as a sentence."""
    cell = top_cell(results)
    sizes = f"{cell.inserted.n} inserted against {cell.held_out.n} held out"
    least = cell.smallest_detectable_gap
    if least is None:
        return f"With {sizes} no gap would be shown with a chance of 80 %."
    return (
        f"Power: an accuracy gap of {least:.2f} at {copies(cell.repetitions)} would be shown with a chance "
        f"of 80 % ({sizes})."
    )


def _controls(results: Results) -> str:
    found = results.controls
    if found.accuracy is None or found.low is None or found.chance is None:
        return "Controls were not measured, so nothing shows that the model is loaded right."
    right = f"{percent(found.accuracy)} right, at least {percent(found.low)}"
    state = "reads" if found.passed else "does not read"
    return f"The model {state} the controls ({right}, chance {percent(found.chance)}, n = {found.n})."


def injection_words(results: Results) -> str:
    """Whether the canaries were in the training set, as a clause."""
    known = results.injection
    if known.checked:
        return (
            f"checked in the training manifest: {known.missing or 0} of {results.kit.inserted} inserted "
            f"canaries missing, {known.leaked or 0} of {results.kit.held_out} held-out ones in it"
        )
    return "assumed on the user's word, not checked" if known.assumed else "no evidence"


def _audited(results: Results) -> str:
    files, kit = results.model.files, results.kit
    named = [f"{plain(file.name, 60)} (SHA-256 {file.sha256[:12]}…)" for file in files[:MOST_FILES]]
    more = len(files) - MOST_FILES
    if more > 0:
        named.append(f"{more} more files")
    what = listed(named) if named else "No files"
    how = (
        "transcripts of a system that memaudit did not run"
        if results.model.adapter == "transcripts"
        else f"family {plain(results.model.adapter, 60)}"
    )
    state = "verified" if kit.commitment_verified else "not verified"
    return (
        f"{what}, {how}; kit {plain(kit.name, 60)} with {kit.inserted} inserted and {kit.held_out} held-out "
        f"canaries, commitment {kit.commitment[:12]}… {state}; {plain(results.created, 40)}."
    )
