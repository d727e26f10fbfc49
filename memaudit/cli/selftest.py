"""`memaudit selftest`: published values, other ways of computing, short simulations: against the measured."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
from rich.table import Table

from memaudit.audit.selftest.computed_twice import COMPUTED_TWICE
from memaudit.audit.selftest.published import PUBLISHED
from memaudit.audit.selftest.simulated import SIMULATED
from memaudit.audit.selftest.trial import Trial
from memaudit.cli.common import Output, shared_options

FORMATS = {"published": "{:.5g}", "computed twice": "{:.8g}", "simulated": "{:.1%}"}


@click.command()
@shared_options
def command(output: Output) -> None:
    """Measure here what the figures promise: published values, losses and bounds added up case by case, and
    rates over random audits.

    \b
    memaudit selftest
    memaudit selftest --json

    Takes less than a minute. Exit codes: 0 all as promised, 1 not.
    """
    groups = (*PUBLISHED, *COMPUTED_TWICE, *SIMULATED)
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
        measured = FORMATS[trial.kind].format(trial.measured)
        table.add_row(trial.name, trial.promised, measured, "ok" if trial.passed else "NOT AS PROMISED")
    return table
