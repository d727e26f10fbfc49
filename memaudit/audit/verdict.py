"""One word for the whole audit, and the sentence that goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.failures import too_many
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Cell, Controls, Failures, GateResult, Injection, SelfChecks, Verdict
from memaudit.models.frontends.usual import short_name

EXIT_CODES: dict[Verdict, int] = {"passed": 0, "failed": 1, "inconclusive": 3}

LEVEL = 0.05
"""A cell counts as detected where its adjusted p-value is at most this."""


def detected(cells: Sequence[Cell]) -> list[Cell]:
    """The cells where memorisation is shown, family-wise."""
    return [cell for cell in cells if cell.p_adjusted <= LEVEL]


def decide(
    gates: Sequence[GateResult],
    controls: Controls,
    injection: Injection,
    cells: Sequence[Cell],
    checks: SelfChecks | None = None,
    failures: Failures | None = None,
) -> tuple[Verdict, str]:
    """The verdict and its reason.

    A self-check that fails voids everything else. A failed gate fails the audit: a leak that shows in what
    the model did hear is one. Utterances that it failed on, over the limit or in one arm more than in the
    other, and controls that it does not read leave everything else open. A pass needs every gate that can
    pass to have passed, and, where nothing is detected, evidence that the canaries were in the training set.
    Evidence that they were not in it as designed, or that held-out ones were, rules out a pass in any case.
    """
    if checks is not None and not checks.passed:
        return "inconclusive", void(checks)
    failed = [gate for gate in gates if gate.status == "failed"]
    if failed:
        return "failed", f"{_count(failed)} failed: {_names(failed)}"
    lost = None if failures is None else too_many(failures)
    if lost is not None:
        return "inconclusive", lost
    if not controls.passed:
        return "inconclusive", unread(controls)
    able = [gate for gate in gates if not METRICS[gate.metric].lower_only]
    if not able:
        return "inconclusive", "every gate is on a lower bound, which can fail an audit and never pass it"
    open_gates = [gate for gate in able if gate.status == "inconclusive"]
    if open_gates:
        return "inconclusive", f"{_count(open_gates)} undecided at this power: {_names(open_gates)}"
    if not detected(cells) and not (injection.checked or injection.assumed):
        return "inconclusive", (
            "nothing was detected, and there is no evidence that the canaries were in the training set"
        )
    if injection.checked and (injection.missing or injection.leaked):
        return "inconclusive", (
            "the training set was not as designed: inserted canaries not in it as often as wanted: "
            f"{injection.missing or 0}, held-out canaries in it: {injection.leaked or 0}"
        )
    return "passed", f"{_count(able)} passed"


def unread(controls: Controls) -> str:
    """Why the controls did not pass, as a clause."""
    if controls.accuracy is None or controls.low is None or controls.chance is None:
        return "there are not two controls, so nothing shows that the model is loaded right"
    cause = "front end, tokens or files are probably wrong"
    better = [trial for trial in controls.front_ends if trial.better]
    if better:
        best = max(better, key=lambda trial: trial.accuracy)
        return (
            f"the model does not read the controls as it should: {cause}; with the front end "
            f"{short_name(best.front_end)} their accuracy is {best.accuracy:.2f} in place of "
            f"{controls.accuracy:.2f}"
        )
    others = controls.other_texts
    if others is not None and others.passed is False:
        return (
            f"the model does not read the controls: the text that was spoken is likelier to it than another "
            f"in {others.likelier} of {others.n} only: {cause}"
        )
    return (
        f"the model does not read the controls (accuracy {controls.accuracy:.2f}, at least "
        f"{controls.low:.2f}; by chance {controls.chance:.2f}): {cause}"
    )


def void(checks: SelfChecks) -> str:
    """Why self-checks that failed void an audit."""
    blind = checks.blind_baseline
    if blind is not None and not blind.passed:
        return (
            "void: the kit's texts, audio and voices tell its arms apart without any model (blind baseline, "
            f"AUC {blind.auc:.2f}, p {blind.p_value:.2g}), so no difference is evidence of memorisation"
        )
    return (
        f"void: on arms drawn anew the audit's test found something in {checks.a_a.rate:.0%} of "
        f"{checks.a_a.audits} trials where {checks.a_a.level:.0%} are allowed"
    )


def _count(gates: Sequence[GateResult]) -> str:
    return f"{len(gates)} gate{'' if len(gates) == 1 else 's'}"


def _names(gates: Sequence[GateResult]) -> str:
    shown = ", ".join(gate.gate for gate in gates[:5])
    return shown + (f" and {len(gates) - 5} more" if len(gates) > 5 else "")
