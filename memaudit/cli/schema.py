"""`memaudit schema`: the JSON Schemas of what memaudit reads and writes."""

from __future__ import annotations

import difflib
import json
import sys
from importlib.resources import files

import click

from memaudit.cli.common import Output, shared_options
from memaudit.errors import UsageError


@click.command()
@click.argument("name", required=False)
@click.option("--check", is_flag=True, help="Are the shipped schemas what this version's data models give?")
@shared_options
def command(name: str | None, check: bool, output: Output) -> None:
    """Print the JSON Schema (2020-12) called NAME; without it, list the names.

    \b
    memaudit schema
    memaudit schema results > results.schema.json
    memaudit schema --check

    Exit codes: 0 done; 1 under --check where a schema is not what it should be; 2 bad usage.
    """
    known = {
        item.name.removesuffix(".json"): item
        for item in (files("memaudit") / "schemas").iterdir()
        if item.name.endswith(".json")
    }
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, n=3) or sorted(known)
        raise UsageError(f"there is no schema {name!r}", where="NAME", how=f"use one of {', '.join(near)}")
    if check:
        from memaudit.audit.schemas import stale

        wrong = [each for each in stale() if name in (None, each)]
        output.line(
            f"not what the data models give: {', '.join(wrong)}" if wrong else "all as they should be"
        )
        output.document({"stale": wrong})
        sys.exit(1 if wrong else 0)
    if name is None:
        rows = {each: json.loads(item.read_text(encoding="utf-8")) for each, item in sorted(known.items())}
        for each, schema in rows.items():
            output.line(f"{each}: {schema['$id']}")
        output.document({"schemas": {each: schema["$id"] for each, schema in rows.items()}})
        return
    text = known[name].read_text(encoding="utf-8")
    output.line(text.rstrip())
    output.document(json.loads(text))
