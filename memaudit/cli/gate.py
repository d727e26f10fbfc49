"""`memaudit gate`: apply gates again without scoring."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memaudit.audit.assess import regate
from memaudit.audit.audit import load
from memaudit.audit.verdict import EXIT_CODES
from memaudit.audit.warnings import GATE_WARNINGS
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import RESULTS, baseline_option, gate_option
from memaudit.report.terminal import gates_report


@click.command()
@click.argument("results", type=RESULTS)
@gate_option
@baseline_option
@shared_options
def command(results: Path, gate: tuple[str, ...], baseline: Path | None, output: Output) -> None:
    """Apply gates again to RESULTS (results.json or its folder), without scoring.

    \b
    memaudit gate AUDIT --gate 'exposure@1 <= 3'
    memaudit gate AUDIT --baseline AUDIT_OF_LAST_RELEASE

    Without --gate those fixed in the kit hold, else the default ones. With --baseline a gate fails only where
    its figure is worse than in that audit, beyond its interval: paired by canary where both were made with
    one kit, else from both audits' own intervals, if the kits are of one recipe.

    Nothing is written. Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    audit, utterances = load(results)
    found = regate(audit, utterances, gate)
    if baseline is not None:
        from memaudit.audit.baseline import against_baseline
        from memaudit.audit.compare import load_audit

        found = against_baseline(found, utterances, load_audit(baseline))
    for name, sentence in zip(found.warning_names, found.warnings, strict=False):
        if name in GATE_WARNINGS:
            output.note(sentence)
    output.show(gates_report(found))
    output.document(
        {
            "gates": [item.model_dump(mode="json") for item in found.gates],
            "policy": found.policy,
            "pre_registered": list(found.kit.gates),
            "baseline": None if found.baseline is None else found.baseline.model_dump(mode="json"),
            "verdict": found.verdict,
            "verdict_reason": found.verdict_reason,
        }
    )
    sys.exit(EXIT_CODES[found.verdict])
