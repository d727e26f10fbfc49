"""`memaudit gate`: apply gates again without scoring."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memaudit.audit.assess import regate
from memaudit.audit.audit import load
from memaudit.audit.verdict import EXIT_CODES
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import RESULTS, gate_option
from memaudit.report.terminal import gates_report


@click.command()
@click.argument("results", type=RESULTS)
@gate_option
@shared_options
def command(results: Path, gate: tuple[str, ...], output: Output) -> None:
    """Apply gates again to RESULTS (results.json or its folder), without scoring.

    \b
    memaudit gate AUDIT --gate 'exposure@1 <= 3'

    Nothing is written. Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    found = regate(*load(results), gate)
    output.show(gates_report(found))
    output.document(
        {
            "gates": [item.model_dump(mode="json") for item in found.gates],
            "verdict": found.verdict,
            "verdict_reason": found.verdict_reason,
        }
    )
    sys.exit(EXIT_CODES[found.verdict])
