"""`memaudit explain`: what a figure, gate, warning, verdict or exit code means."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import groupby

import click

from memaudit.cli.common import Output, shared_options
from memaudit.explain import Page, page, pages


@click.command()
@click.argument("term", nargs=-1)
@shared_options
def command(term: tuple[str, ...], output: Output) -> None:
    """Say what TERM means: a statistic, gate metric, warning, verdict, exit code or key of results.json.

    \b
    memaudit explain
    memaudit explain exposure
    memaudit explain exit 3
    memaudit explain injection-assumed
    memaudit explain cells.epsilon.single

    Meaning, formula, source, limits and an example, on one short page. Without TERM: the list.
    """
    if not term:
        found = list(pages().values())
        output.document({"pages": [_row(one) for one in found]})
        for kind, group in groupby(found, key=lambda one: one.kind):
            output.line(f"{kind}:")
            for one in group:
                output.line(f"  {one.name}: {one.title}")
        return
    one = page(" ".join(term))
    output.document({**_row(one), "body": one.body, "text": one.text})
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        output.show(Markdown(one.text))
    else:
        output.line(one.text.rstrip())


def _row(one: Page) -> dict[str, object]:
    row = asdict(one)
    return {name: row[name] for name in ("name", "title", "kind", "summary", "keys", "also")}
