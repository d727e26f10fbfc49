"""The study: 2,000 audits of a model that memorised nothing, 1,000 of each effect, and their table.

    python -m tests.simulation [--recipe routine] [--null 2000] [--audits 1000] [--jobs 2] [--out study.jsonl]

Every outcome is appended to the file as it comes, so that a study goes on where it stopped. Ends with 1 where
a promised rate is broken: false failures and false passes at most 5 %, within three standard errors.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

import click

from memaudit.kit.recipe import load_recipe
from tests.simulation.imagined import Imagined
from tests.simulation.study import EFFECTS, Outcome, broken, simulate, table

CHUNK = 25


@cache
def _imagined(recipe: str) -> Imagined:
    return Imagined(load_recipe(recipe))


def _chunk(recipe: str, task: tuple[int, range]) -> list[Outcome]:
    effect, seeds = task
    with tempfile.TemporaryDirectory() as folder:
        return [simulate(_imagined(recipe), EFFECTS[effect], seed, Path(folder)) for seed in seeds]


def _tasks(null: int, audits: int, done: set[tuple[str, int]]) -> Iterator[tuple[int, range]]:
    for number, effect in enumerate(EFFECTS):
        wanted = null if number == 0 else audits
        for start in range(0, wanted, CHUNK):
            seeds = range(start, min(start + CHUNK, wanted))
            if not all((effect.name, seed) in done for seed in seeds):
                yield number, seeds


@click.command()
@click.option("--recipe", default="routine", show_default=True)
@click.option("--null", default=2000, show_default=True, help="Audits of a model that memorised nothing.")
@click.option("--audits", default=1000, show_default=True, help="Audits of each effect.")
@click.option("--jobs", default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default="study.jsonl", show_default=True)
def main(recipe: str, null: int, audits: int, jobs: int, out: Path) -> None:
    """Run what is missing of the study and print its table."""
    found = {}
    if out.is_file():
        for line in out.read_text(encoding="utf-8").splitlines():
            outcome = Outcome(**json.loads(line))
            found[outcome.effect, outcome.seed] = outcome
    tasks = list(_tasks(null, audits, set(found)))
    with ProcessPoolExecutor(jobs) as pool, out.open("a", encoding="utf-8") as stream:
        for number, outcomes in enumerate(pool.map(partial(_chunk, recipe), tasks), 1):
            for outcome in outcomes:
                found[outcome.effect, outcome.seed] = outcome
                stream.write(json.dumps(asdict(outcome)) + "\n")
            stream.flush()
            click.echo(f"\r{number} of {len(tasks)} parts", err=True, nl=False)
    click.echo(err=True)
    wanted = [
        found[effect.name, seed]
        for number, effect in enumerate(EFFECTS)
        for seed in range(null if number == 0 else audits)
    ]
    click.echo(table(wanted))
    promises = broken(wanted)
    for promise in promises:
        click.echo(promise, err=True)
    sys.exit(1 if promises else 0)


if __name__ == "__main__":
    main()
