"""`memaudit doctor`: what works here."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from memaudit import __version__
from memaudit.audit.doctor import examine
from memaudit.cli.common import Output, shared_options

MARKS = {"ok": "ok     ", "missing": "MISSING", "absent": "-      "}


@click.command()
@shared_options
def command(output: Output) -> None:
    """Say what works here: versions, voices, providers, model families, and one test utterance.

    \b
    memaudit doctor
    memaudit doctor --json

    The utterance is spoken, sped up and scored with a packaged recogniser. Nothing is changed, and no network
    is used. "-" marks what is optional. Exit codes: 0 all that is needed works, 1 something is missing.
    """
    output.line(f"memaudit {__version__}")
    found = []
    for one in examine():
        found.append(one)
        output.line(f"{MARKS[one.status]}  {one.name}: {one.found}")
        if one.how:
            output.line(f"         {one.how}")
    missing = [one for one in found if one.status == "missing"]
    output.line(
        f"missing: {', '.join(one.name for one in missing)}" if missing else "all that is needed works"
    )
    output.document(
        {"memaudit": __version__, "passed": not missing, "findings": [asdict(one) for one in found]}
    )
    sys.exit(1 if missing else 0)
