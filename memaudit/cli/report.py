"""`memaudit report`: render an audit again."""

from __future__ import annotations

from pathlib import Path

import click

from memaudit.audit.results import locate_results, read_results
from memaudit.cli.common import Output, shared_options
from memaudit.cli.gate_places import gate_places
from memaudit.cli.options import RESULTS, format_names
from memaudit.files import check_output
from memaudit.report.renderer import RENDERERS, renderer, write_reports


@click.command()
@click.argument("results", type=RESULTS)
@click.option(
    "--format",
    "formats",
    default="html",
    show_default=True,
    callback=format_names,
    help=f"One or more of {', '.join(sorted(RENDERERS))}, with commas between.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@shared_options
def command(results: Path, formats: tuple[str, ...], out: Path, output: Output) -> None:
    """Render the reports of RESULTS (results.json or its folder) again.

    \b
    memaudit report AUDIT --format html --out REPORTS
    memaudit report AUDIT --format markdown,junit,sarif --out REPORTS

    csv needs utterances.jsonl beside RESULTS. sarif and gitlab point at the gates of memaudit.toml or
    pyproject.toml in this folder, and at results.json for those that stand in neither.
    """
    found = read_results(results)
    for name in formats:
        renderer(name)
    check_output(out)
    places = gate_places(Path.cwd())
    paths = write_reports(found, formats, out, beside=locate_results(results).parent, places=places)
    for path in paths:
        output.line(str(path))
    output.document({"written": [str(path) for path in paths]})
