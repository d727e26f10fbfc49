"""From what was heard to the verdict: what `score` and `merge` do alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from memaudit.audit.audit import finish
from memaudit.audit.compare import Audit, load_audit
from memaudit.audit.gate_syntax import parse_gate
from memaudit.audit.injection import read_injection
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import BlindBaseline, Injection, ModelFile, Results
from memaudit.audit.scored_model import ScoredModel
from memaudit.audit.utterances import Utterance
from memaudit.cli.common import Output
from memaudit.cli.gate_places import gate_places
from memaudit.cli.model_facts import feasibility_notes
from memaudit.kit.store import Kit
from memaudit.report.renderer import renderer, write_reports
from memaudit.report.terminal import terminal_report


@dataclass(frozen=True)
class Asked:
    """What is asked of the results; it was looked at before the model had worked for an hour."""

    gates: tuple[str, ...]
    injection: Injection
    earlier: Audit | None
    reports: tuple[str, ...]
    max_failures: int


def asked(
    kit: Kit,
    gate: tuple[str, ...],
    injection: Path | None,
    assume_injected: bool,
    baseline: Path | None,
    report: tuple[str, ...],
    max_failures: int,
) -> Asked:
    """The options of a verdict, checked.

    Raises:
        GateError, ResultsError, UsageError, MemauditError: if one of them cannot be used.
    """
    for text in gate:
        parse_gate(text, METRICS)
    earlier = None if baseline is None else load_audit(baseline)
    for name in report:
        renderer(name)
    if injection is None:
        evidence = Injection(checked=False, assumed=assume_injected)
    else:
        evidence = read_injection(injection, kit)
    return Asked(gate, evidence, earlier, report, max_failures)


def conclude(
    out: Path,
    kit: Kit,
    scored: ScoredModel,
    wanted: Asked,
    output: Output,
    *,
    manifest: ModelFile | None = None,
    blind: BlindBaseline | None = None,
) -> Results:
    """Assess, write, report and show.

    Args:
        out: folder of the audit.
        kit: what was scored.
        scored: what was heard.
        wanted: gates, evidence and reports.
        output: where it is shown.
        manifest: the file that names the user's own controls.
        blind: the kit's blind baseline, where it is known already.

    Raises:
        GateError, ResultsError, OutputError: see `memaudit.audit.audit.finish`.
    """
    earlier = wanted.earlier
    results = finish(
        out,
        kit,
        scored.summary,
        scored.utterances,
        gates=wanted.gates,
        injection=wanted.injection,
        given=scored.given,
        manifest=manifest,
        trials=scored.trials,
        max_failures=wanted.max_failures,
        baseline=blind,
        revise=None if earlier is None else partial(_against, utterances=scored.utterances, earlier=earlier),
    )
    for sentence in feasibility_notes(results):
        output.note(sentence)
    names = [name for name in ("html", *wanted.reports) if name != "json"]  # results.json is there already
    write_reports(results, names, out, output.note, places=gate_places(Path.cwd()))
    output.show(terminal_report(results))
    output.document(results.document())
    return results


def _against(results: Results, utterances: list[Utterance], earlier: Audit) -> Results:
    from memaudit.audit.baseline import against_baseline

    return against_baseline(results, utterances, earlier)
