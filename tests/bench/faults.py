"""Inject faults into real audits, and count what got lost.

    python -m tests.bench.faults [--runs 5] [--seed 1] [--fault NAME ...]

Each run scores the reference kit with the packaged recogniser behind a Python function that does something to
its own process on one to three utterances, drawn anew for every run like the batch size and ``--jobs``. Then
its utterances are held against those of a run that nothing was done to: every other one must be the same, and
those at fault must be marked failed, or be the same as well where the fault does not come again. Prints a
Markdown table; ends with 1 where a result was lost.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

from memaudit.kit.packaged import kits_folder
from memaudit.kit.speech import SAMPLE_RATE
from memaudit.kit.store import read_canaries

MODULE = """
import ctypes, json, mmap, os, pathlib, re, signal, sys
from memaudit.kit.packaged import kits_folder
from memaudit.models.registry import load_recognizer
here = pathlib.Path(__file__).parent
plan = json.loads((here / "plan.json").read_text())
recognizer = load_recognizer(kits_folder() / "recognisers" / "unclipped")
def transcribe(waves, references):
    for wave, text in zip(waves, references):
        at_fault = [text, len(wave)]  # not the text alone, which controls lend each other
        if at_fault in plan["at_fault"]:
            if plan["once"]:
                try:
                    (here / f"done-{plan['at_fault'].index(at_fault)}").touch(exist_ok=False)
                except FileExistsError:
                    continue
            exec(plan["code"], globals())
    found = [recognizer.recognize(wave, text) for wave, text in zip(waves, references)]
    return [{"transcript": one.transcript, "loss": one.loss, "tokens": one.tokens} for one in found]
transcribe.batch_size = plan["batch"]
"""


@dataclass(frozen=True)
class Fault:
    """``code`` is run in the model's process; ``once``: it does not come again when it is tried again."""

    code: str
    once: bool = False
    words: tuple[str, ...] = ()


_HANG = "re.match('(a+)+$', 'a' * 60 + 'b')"
_SHARED = "kept = mmap.mmap(-1, 1600 << 20); [kept.write(bytes(1 << 20)) for _ in range(1600)]; "
FAULTS = {
    "abort in native code": Fault("os.abort()"),
    "segmentation fault": Fault("ctypes.string_at(0)"),
    "exit": Fault("os._exit(7)"),
    "killed, as by a kernel out of memory": Fault("os.kill(os.getpid(), signal.SIGKILL)"),
    "hang in native code": Fault(_HANG, words=("--timeout", "2")),
    "memory over the limit": Fault("kept = bytearray(4 << 30)", words=("--max-memory", "1500")),
    "shared memory over the limit": Fault(_SHARED + _HANG, words=("--max-memory", "1500")),
    "exception": Fault("1 / 0"),
    "abort that does not come again": Fault("os.abort()", once=True),
    "kill that does not come again": Fault("os.kill(os.getpid(), signal.SIGKILL)", once=True),
}


@dataclass
class Row:
    """What happened under one fault."""

    runs: int = 0
    injected: int = 0
    failed: int = 0
    lost: int = 0
    unmarked: int = 0
    seconds: float = 0.0


def score(
    folder: Path, fault: Fault | None, at_fault: list[tuple[str, int]], batch: int, jobs: int
) -> dict[str, object]:
    """id -> line of utterances.jsonl."""
    folder.mkdir()
    plan = {"at_fault": at_fault, "code": fault.code if fault else "", "once": bool(fault and fault.once)}
    (folder / "plan.json").write_text(json.dumps({**plan, "batch": batch}))
    (folder / "faulty.py").write_text(MODULE)
    words = ["score", str(kits_folder() / "reference"), "--model", "python:faulty:transcribe"]
    words += ["--out", "out", "--jobs", str(jobs), "--quiet", *(fault.words if fault else ())]
    done = subprocess.run(
        [sys.executable, "-c", "from memaudit.cli.main import main; main()", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1, 3):
        raise click.ClickException(done.stderr[-2000:])
    lines = (folder / "out" / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def inject(fault: Fault, whole: dict[str, object], row: Row, rng: random.Random, folder: Path) -> None:
    """One run, counted in ``row``."""
    kit = sorted(read_canaries(kits_folder() / "reference"), key=lambda canary: canary.id)
    canaries = rng.sample(kit, rng.randint(1, 3))
    begun = time.monotonic()
    found = score(
        folder,
        fault,
        [(canary.text, round(canary.duration * SAMPLE_RATE)) for canary in canaries],
        rng.choice((1, 4, 16)),
        rng.choice((1, 2)),
    )
    row.seconds += time.monotonic() - begun
    row.runs += 1
    row.injected += len(canaries)
    at_fault = set() if fault.once else {canary.id for canary in canaries}
    marked = {name for name, line in found.items() if "failed" in line}  # type: ignore[operator]
    row.failed += len(marked)
    row.unmarked += len(at_fault - marked)
    row.lost += sum(found.get(name) != line for name, line in whole.items() if name not in at_fault)


@click.command()
@click.option("--runs", default=5, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--fault", "names", multiple=True, type=click.Choice(list(FAULTS)))
def main(runs: int, seed: int, names: tuple[str, ...]) -> None:
    """Inject each fault into so many runs."""
    rng = random.Random(seed)
    rows = {name: Row() for name in names or FAULTS}
    with tempfile.TemporaryDirectory(prefix="memaudit-faults-") as scratch:
        whole = score(Path(scratch, "whole"), None, [], 16, 1)
        for name, row in rows.items():
            for number in range(runs):
                folder = Path(scratch, f"{list(rows).index(name)}-{number}")
                inject(FAULTS[name], whole, row, rng, folder)
            click.echo(f"{name}: {row}", err=True)
    click.echo("| fault | runs | injected | marked failed | unmarked | lost results | seconds a run |")
    click.echo("| --- | --- | --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        figures = (row.runs, row.injected, row.failed, row.unmarked, row.lost)
        click.echo(f"| {name} | {' | '.join(map(str, figures))} | {row.seconds / row.runs:.1f} |")
    sys.exit(1 if any(row.lost or row.unmarked for row in rows.values()) else 0)


if __name__ == "__main__":
    main()
