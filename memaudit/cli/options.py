"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
RESULTS = click.Path(exists=True, path_type=Path)

gate_option = click.option(
    "--gate",
    multiple=True,
    metavar="GATE",
    help="METRIC[@REPETITIONS][/SPEEDx] OP NUMBER; may be given again. "
    "Default: accuracy_gap <= 0.10 at the fastest speed, every repetition level.",
)

report_option = click.option(
    "--report", multiple=True, metavar="FORMAT", help="A further report format; may be given again."
)
