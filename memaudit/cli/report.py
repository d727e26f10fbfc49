"""`memaudit report`: render an audit again."""

from __future__ import annotations

from pathlib import Path

import click

from memaudit.audit.audit import check_output
from memaudit.audit.results import read_results
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import RESULTS
from memaudit.report.renderer import RENDERERS, renderer, write_reports


@click.command()
@click.argument("results", type=RESULTS)
@click.option(
    "--format",
    "formats",
    default="html",
    show_default=True,
    help=f"One or more of {', '.join(sorted(RENDERERS))}, with commas between.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@shared_options
def command(results: Path, formats: str, out: Path, output: Output) -> None:
    """Render the reports of RESULTS (results.json or its folder) again.

    \b
    memaudit report AUDIT --format html --out REPORTS
    """
    found = read_results(results)
    names = [name.strip() for name in formats.split(",") if name.strip()]
    for name in names:
        renderer(name)
    check_output(out)
    paths = write_reports(found, names, out)
    for path in paths:
        output.line(str(path))
    output.document({"written": [str(path) for path in paths]})
