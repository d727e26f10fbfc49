"""From the utterances of a kit to results: cells, speeds, gates and verdict."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from memaudit.audit import normalise
from memaudit.audit.beyond_cells import joint, with_extrapolation
from memaudit.audit.cells import cell, cell_tests
from memaudit.audit.controls import check_both
from memaudit.audit.failures import failures, measured
from memaudit.audit.feasibility import feasibility
from memaudit.audit.figures import examples, histogram, roc
from memaudit.audit.gates import evaluate
from memaudit.audit.learning import learning
from memaudit.audit.policy import choose
from memaudit.audit.results import (
    BlindBaseline,
    FrontEndTrial,
    GateResult,
    Injection,
    KitSummary,
    ModelFile,
    ModelSummary,
    Results,
    SelfChecks,
    UtterancesFile,
)
from memaudit.audit.self_checks import a_a
from memaudit.audit.sheet import Sheet, sheets
from memaudit.audit.speeds import speed
from memaudit.audit.tool import this_tool
from memaudit.audit.utterances import Utterance
from memaudit.audit.verdict import decide
from memaudit.audit.warnings import Audited, audit_warnings, with_gate_warnings

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Subject:
    """What was audited, and what is known of it beside the scores.

    Attributes:
        kit: the kit.
        model: the model.
        injection: what is known of the canaries' presence in the training set.
        seconds: how long each canary lasts, by id.
        given: the user's own controls, which decide in place of the kit's.
        manifest: the file that names them.
        trials: what other front ends make of the controls that decide.
        max_failures: on so many utterances the model may have failed.
        blind: whether the kit tells its arms apart without a model; None where that was not asked.
    """

    kit: KitSummary
    model: ModelSummary
    injection: Injection
    seconds: Mapping[str, float] = field(default_factory=dict)
    given: Sequence[Utterance] = ()
    manifest: ModelFile | None = None
    trials: Sequence[FrontEndTrial] = ()
    max_failures: int = 0
    blind: BlindBaseline | None = None


def assess(
    utterances: Sequence[Utterance], subject: Subject, gates: Sequence[str], utterances_sha256: str
) -> Results:
    """Measure and decide.

    Args:
        utterances: every canary and control of the kit, once.
        subject: kit, model and injection evidence.
        gates: as the user wrote them; none means those fixed in the kit, else `DEFAULT_POLICY`.
        utterances_sha256: digest of the utterances.jsonl that goes beside the results.

    Raises:
        GateError: if a gate cannot be read or has no cell.
        ResultsError: if an arm is missing.
    """
    by_speed, control_sheet = sheets(utterances, subject.kit.commitment)
    lost = failures(utterances, subject.given, allowed=subject.max_failures)
    own = Sheet(tuple(sorted(measured(subject.given), key=lambda row: row.id)), subject.kit.commitment)
    controls, kit_controls = check_both(control_sheet, own, subject.manifest, subject.trials, CONFIDENCE)
    fits = feasibility(by_speed, subject.model.inspection, subject.seconds)
    cells = [cell(tested, CONFIDENCE) for tested in cell_tests(by_speed)]
    cells = with_extrapolation(cells, by_speed, subject.kit.entropy_bits.get("most"))
    speeds = [speed(sheet, CONFIDENCE) for sheet in by_speed.values()]
    chosen = choose(gates, subject.kit.gates)
    decided = evaluate(chosen.texts, by_speed)
    fastest = next(iter(by_speed.values()))
    checks = SelfChecks(a_a=a_a(fastest), blind_baseline=subject.blind)
    verdict, reason = decide(decided, controls, subject.injection, cells, checks, lost)
    warned = audit_warnings(
        Audited(by_speed, controls, subject.injection, cells, speeds, subject.model, checks, lost)
    )
    results = Results(
        tool=this_tool(),
        created=now(),
        kit=subject.kit,
        model=subject.model,
        injection=subject.injection,
        normaliser=normalise.NAME,
        membership="loss" if fastest.by_loss else "accuracy",
        controls=controls,
        failures=lost,
        self_checks=checks,
        kit_controls=kit_controls,
        feasibility=tuple(fits),
        cells=tuple(cells),
        speeds=tuple(speeds),
        epsilon=joint(fastest, CONFIDENCE),
        learning=learning(by_speed, CONFIDENCE),
        gates=tuple(decided),
        policy=chosen.policy,
        verdict=verdict,
        verdict_reason=reason,
        warnings=tuple(item.sentence for item in warned),
        warning_names=tuple(item.name for item in warned),
        histograms=tuple(histogram(sheet) for sheet in by_speed.values()),
        roc=tuple(roc(fastest)),
        examples=tuple(examples(fastest, own if own.rows else control_sheet)),
        utterances=UtterancesFile(sha256=utterances_sha256, n=len(utterances)),
    )
    return with_gate_warnings(results)


def regate(results: Results, utterances: Sequence[Utterance], gates: Sequence[str]) -> Results:
    """The same results under other gates; without any, under those fixed in the kit, else the default ones.

    Raises:
        GateError: if a gate cannot be read or has no cell.
    """
    by_speed, _ = sheets(utterances, results.kit.commitment)
    chosen = choose(gates, results.kit.gates)
    decided: list[GateResult] = evaluate(chosen.texts, by_speed)
    verdict, reason = decide(
        decided, results.controls, results.injection, results.cells, results.self_checks, results.failures
    )
    again = results.model_copy(
        update={
            "gates": tuple(decided),
            "policy": chosen.policy,
            "baseline": None,
            "verdict": verdict,
            "verdict_reason": reason,
        }
    )
    return with_gate_warnings(again)


def now() -> str:
    """The time in RFC 3339; SOURCE_DATE_EPOCH fixes it for reproducible files."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed.isdecimal():
        moment = datetime.datetime.fromtimestamp(int(fixed), datetime.UTC)
    else:
        moment = datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="seconds")
