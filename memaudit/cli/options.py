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

recipe_option = click.option(
    "--recipe",
    default="routine",
    show_default=True,
    metavar="NAME or FILE",
    help="A packaged recipe (see memaudit kits) or a TOML file.",
)

set_option = click.option(
    "--set",
    "set",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a field of the recipe, such as design.pairs_per_cell=40; may be given again.",
)
