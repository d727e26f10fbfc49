"""`memaudit compare`: two checkpoints on one kit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from memaudit.audit.compare import compare, load_audit
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import RESULTS
from memaudit.files import check_output, write_text
from memaudit.report.compare_terminal import compare_report

FILE_NAME = "comparison.json"


@click.command()
@click.argument("results_a", type=RESULTS)
@click.argument("results_b", type=RESULTS)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for comparison.json and compare.html.",
)
@click.option(
    "--fail-on-worse",
    is_flag=True,
    help="Exit 1 where B is worse than A beyond its interval in a gated cell, 3 where that is open.",
)
@shared_options
def command(results_a: Path, results_b: Path, out: Path | None, fail_on_worse: bool, output: Output) -> None:
    """Does B memorise more or less than A? RESULTS_A and RESULTS_B are two audits made with one kit.

    \b
    memaudit compare AUDIT_OLD AUDIT_NEW
    memaudit compare AUDIT_OLD AUDIT_NEW --out COMPARISON
    memaudit compare AUDIT_OLD AUDIT_NEW --fail-on-worse --quiet

    Every canary is compared with itself: gap, exposure and membership by A, by B, and B minus A with its
    interval. The verdict goes by the figures that gates of either audit bound.

    Exit codes: 0 compared, whatever was found; 2 bad input or usage, such as audits of different kits. With
    --fail-on-worse also: 1 B memorises more (the interval of some gated figure, 95 % over all of them, lies
    above 0), 3 open (tests show that B memorises more, and all these intervals reach 0; or undecided:
    controls not read, a failed self-check, no evidence that the canaries were in B's training set).
    """
    a, b = load_audit(results_a), load_audit(results_b)
    if out is not None:
        check_output(out)
    found = compare(a, b)
    document = found.document()
    output.show(compare_report(found))
    if out is not None:
        from memaudit.report import compare_html

        pages = {
            FILE_NAME: json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            compare_html.FILE_NAME: compare_html.render(found),
        }
        output.show("")
        for name, text in pages.items():
            write_text(out / name, text)
            output.line(str(out / name))
    output.document(document)
    if fail_on_worse:
        sys.exit(1 if found.worse else 3 if found.open else 0)
