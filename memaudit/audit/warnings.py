"""What a reader must know beside the figures. Every warning has a name, under which it is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from memaudit.audit.cells import FPRS
from memaudit.audit.failures import unequal
from memaudit.audit.missing_figures import missing_figures
from memaudit.audit.results import (
    Cell,
    Controls,
    Failures,
    Injection,
    ModelSummary,
    Results,
    SelfChecks,
    Speed,
)
from memaudit.audit.sheet import Sheet
from memaudit.audit.verdict import LEVEL, detected, void
from memaudit.stats.tpr import held_out_needed

NAMED = 10
"""So many infeasible canaries are named; results.json has them all."""


@dataclass(frozen=True)
class Audited:
    """What warnings are made from."""

    sheets: dict[float, Sheet]
    controls: Controls
    injection: Injection
    cells: Sequence[Cell]
    speeds: Sequence[Speed]
    model: ModelSummary
    checks: SelfChecks
    failures: Failures | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: its name in `WARNING_NAMES`, and the sentence for this audit."""

    name: str
    sentence: str


def audit_warnings(audited: Audited) -> list[Warned]:
    """Warnings in the order in which they matter."""
    return [Warned(name, sentence) for name, say in WARNINGS.items() for sentence in say(audited)]


def with_gate_warnings(results: Results) -> Results:
    """The results with the warnings that go with their gates, which may have been applied anew."""
    known = len(results.warning_names) == len(results.warnings)
    names = results.warning_names if known else ("",) * len(results.warnings)
    kept = [
        Warned(name, sentence)
        for name, sentence in zip(names, results.warnings, strict=True)
        if name not in GATE_WARNINGS
    ]
    kept += [Warned(name, sentence) for name, say in GATE_WARNINGS.items() for sentence in say(results)]
    return results.model_copy(
        update={
            "warnings": tuple(warned.sentence for warned in kept),
            "warning_names": tuple(warned.name for warned in kept) if known else (),
        }
    )


def _void_self_check(audited: Audited) -> Iterator[str]:
    if not audited.checks.passed:
        yield f"This audit is {void(audited.checks)}. Make a new kit."


def _failed_utterances(audited: Audited) -> Iterator[str]:
    found = audited.failures
    if found is None or not found.n:
        return
    what = (
        f"The model failed on {found.n} utterance{'' if found.n == 1 else 's'} ({found.inserted} inserted, "
        f"{found.held_out} held out, {found.controls} controls; the first is {found.first}: {found.reason}). "
        f"They are in no figure, nor are the {found.twins} twins that stand or fall with them."
    )
    if unequal(found):
        what += (
            f" One arm failed more often than chance explains (p {found.p_value:.2g}): that the model fails "
            "on what it was trained on, or on what it was not, is a result in itself."
        )
    yield what


def _controls_unread(audited: Audited) -> Iterator[str]:
    controls = audited.controls
    if not controls.passed and controls.n > 1:
        yield (
            f"The model does not read the {controls.n} control sentences: check front end, tokens and files "
            "before anything else."
        )


def _no_controls(audited: Audited) -> Iterator[str]:
    if not audited.controls.passed and audited.controls.n <= 1:
        yield "The kit has no control sentences, so nothing shows that the model is loaded properly."


def _model(audited: Audited) -> Iterator[str]:
    model = audited.model
    inspected = model.inspection.warnings if model.inspection is not None else ()
    yield from (f"The model: {sentence}." for sentence in (*model.warnings, *inspected))


def _injection_assumed(audited: Audited) -> Iterator[str]:
    if audited.injection.assumed:
        yield (
            "That the canaries were in the training set is assumed, not proved: a pipeline that drops fast "
            "utterances makes any model look clean."
        )


def _no_injection_evidence(audited: Audited) -> Iterator[str]:
    injection = audited.injection
    if not injection.assumed and not injection.checked and not detected(audited.cells):
        yield "There is no evidence that the canaries were in the training set."


def _not_as_designed(audited: Audited) -> Iterator[str]:
    injection = audited.injection
    if injection.missing or injection.leaked:
        yield (
            f"The training set was not as designed: {injection.missing or 0} inserted canaries not in it as "
            f"often as wanted, {injection.leaked or 0} held-out canaries in it."
        )


def _infeasible(audited: Audited) -> Iterator[str]:
    for speed, sheet in audited.sheets.items():
        names = [row.id for row in sheet.rows if row.infeasible]
        if names:
            some = f" ({', '.join(names)})" if len(names) <= NAMED else ""
            yield (
                f"At {speed:g}x, {len(names)} of {len(sheet.rows)} canaries{some} have more tokens than "
                "their audio has frames: no alignment exists, so training could not learn them; use a "
                "slower speed for this model."
            )


def _too_few_pairs(audited: Audited) -> Iterator[str]:
    for cell in audited.cells:
        if cell.p_smallest > LEVEL:
            yield (
                f"At {cell.repetitions} repetitions, {cell.speed:g}x, no result could reach 5 % (smallest "
                f"p-value {cell.p_smallest:.3g}): more pairs are needed."
            )


def _too_few_held_out(audited: Audited) -> Iterator[str]:
    fewest = min(cell.held_out.n for cell in audited.cells)
    missing = [rate for rate in FPRS if held_out_needed(rate) > fewest]
    if missing:
        needs = ", ".join(f"{rate:.1%} needs {held_out_needed(rate)}" for rate in missing)
        yield f"True positive rates at a false positive rate of {needs} held-out canaries a speed."


def _transcripts_only(audited: Audited) -> Iterator[str]:
    if not all(sheet.by_loss for sheet in audited.sheets.values()):
        yield "Membership rests on transcripts alone: losses would see memorisation that transcripts miss."


def _missing_figures(audited: Audited) -> Iterator[str]:
    found = missing_figures(audited.sheets, audited.cells, audited.speeds, audited.checks)
    if found:
        yield f"Not measured: {'; '.join(found)}."


WARNINGS: dict[str, Callable[[Audited], Iterator[str]]] = {
    "void-self-check": _void_self_check,
    "failed-utterances": _failed_utterances,
    "controls-unread": _controls_unread,
    "no-controls": _no_controls,
    "model-doubt": _model,
    "injection-assumed": _injection_assumed,
    "no-injection-evidence": _no_injection_evidence,
    "injection-not-as-designed": _not_as_designed,
    "infeasible-canaries": _infeasible,
    "too-few-pairs": _too_few_pairs,
    "too-few-held-out": _too_few_held_out,
    "transcripts-only": _transcripts_only,
    "missing-figures": _missing_figures,
}
"""Every warning about what was measured, in the order in which they matter."""


def _other_gates(results: Results) -> Iterator[str]:
    if results.policy != "pre-registered" and results.kit.gates:
        yield (
            "These are not the gates that were fixed in the kit before training "
            f"({', '.join(results.kit.gates)}): gates that are chosen after the scores are known prove less."
        )


def _other_kit(results: Results) -> Iterator[str]:
    if results.baseline is not None and not results.baseline.paired:
        yield (
            "The baseline was made with another kit, so canaries cannot be compared one by one: the "
            "intervals of both audits are set against each other, which sees only larger changes."
        )


GATE_WARNINGS: dict[str, Callable[[Results], Iterator[str]]] = {
    "other-gates": _other_gates,
    "baseline-other-kit": _other_kit,
}
"""Every warning about the gates, which may be applied again."""

WARNING_NAMES = (*WARNINGS, *GATE_WARNINGS)
"""Every name that results.json may have in ``warning_names``."""
