"""`memaudit selftest`: published values and short simulations, measured against promised."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
from rich.table import Table

from memaudit.audit.selftest.published import PUBLISHED
from memaudit.audit.selftest.simulated import SIMULATED
from memaudit.audit.selftest.trial import Trial
from memaudit.cli.common import Output, shared_options


@click.command()
@shared_options
def command(output: Output) -> None:
    """Measure here what the statistics promise: published values, and rates over random audits.

    \b
    memaudit selftest
    memaudit selftest --json

    Takes less than a minute. Exit codes: 0 all as promised, 1 not.
    """
    groups = (*PUBLISHED, *SIMULATED)
    trials: list[Trial] = []
    with output.progress("Measuring") as progress:
        for number, group in enumerate(groups, 1):
            trials.extend(group())
            progress(number, len(groups))
    wrong = sum(not trial.passed for trial in trials)
    output.show(_table(trials))
    output.line(f"{len(trials) - wrong} of {len(trials)} as promised")
    output.document(
        {"passed": wrong == 0, "trials": [{**asdict(trial), "passed": trial.passed} for trial in trials]}
    )
    sys.exit(1 if wrong else 0)


def _table(trials: list[Trial]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("what")
    table.add_column("promised", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    for trial in trials:
        measured = f"{trial.measured:.1%}" if trial.kind == "simulated" else f"{trial.measured:.5g}"
        table.add_row(trial.name, trial.promised, measured, "ok" if trial.passed else "NOT AS PROMISED")
    return table
