"""Kill a real `memaudit make-kit` at random moments, run it again, and compare the kit with an unbroken one.

    python -m tests.bench.kit_kills [--kills 50] [--seed 1] [--utterances 300] [--jobs 2]

Each kit is begun in an empty folder and killed (SIGKILL, to the process alone or to all that it started)
after a random share of the time that an unbroken one takes; the same command follows, and may be killed
again, until one comes through or says that the kit is there. Every third kill is followed by what a power
cut can do: the journal's last line, or the last audio file, is torn. Every other kit draws its own seed, and
is compared with one made at once from that seed. Prints one JSON document; ends with 1 if a kit is lost or
different, or anything is left beside it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from memaudit.files import sha256_file

PROGRAM = "from memaudit.cli.main import main; main()"


@dataclass
class Tally:
    """What happened. ``continued`` counts runs that went on with utterances of a killed one."""

    kills: int = 0
    torn: int = 0
    kits: int = 0
    continued: int = 0
    lost: int = 0
    different: int = 0
    left_behind: int = 0


def command(out: Path, utterances: int, jobs: int, seed: int | None) -> list[str]:
    """`memaudit make-kit` of about that many utterances."""
    pairs = max(1, utterances // 8)
    settings = [
        "design.repetitions=[1,4]",
        f"design.pairs_per_cell={pairs}",
        f"design.reserve_per_speed={max(1, utterances - 4 * pairs - 10)}",
        "design.controls=10",
        "speed.factors=[4.0]",
    ]
    words = [sys.executable, "-c", PROGRAM, "make-kit", str(out), "--recipe", "smoke", "--jobs", str(jobs)]
    words += [word for setting in settings for word in ("--set", setting)]
    return words if seed is None else [*words, "--seed", str(seed)]


def start(words: list[str]) -> subprocess.Popen[str]:
    """In a session of its own, so that all of it can be killed."""
    return subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def digests(kit: Path) -> dict[str, str]:
    """Path -> SHA-256 of every file."""
    return {path.relative_to(kit).as_posix(): sha256_file(path) for path in kit.rglob("*") if path.is_file()}


def tear(folder: Path, rng: random.Random) -> bool:
    """Cut a bit off the journal's end, or off the audio of its last whole line."""
    for part in folder.glob(".kit.*.part/kit"):
        journal = part / "audit/assignment.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True) if journal.is_file() else []
        if not lines:
            continue
        if rng.random() < 0.5 or not lines[-1].endswith(b"\n"):
            os.truncate(journal, journal.stat().st_size - 1 - rng.randrange(len(lines[-1]) - 1))
        else:
            audio = part / json.loads(lines[-1])["audio"]
            os.truncate(audio, rng.randrange(audio.stat().st_size))
        return True
    return False


def one_kit(folder: Path, rng: random.Random, size: tuple[int, int], seconds: float, tally: Tally) -> None:
    """Make one kit with kills on the way."""
    utterances, jobs = size
    seed = None if tally.kits % 2 else rng.randrange(1 << 32)
    out = folder / "kit"
    killed = False
    while True:
        process = start(command(out, utterances, jobs, seed))
        # The first run of every kit is killed; of those that follow half.
        if not killed or rng.random() < 0.5:
            time.sleep(rng.uniform(0.05, 0.8) * seconds)
        else:
            process.wait()
        if process.poll() is None:
            whole = rng.random() < 0.5
            (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)
            killed = True
            tally.kills += 1
            if tally.kills % 3 == 0:
                tally.torn += tear(folder, rng)
        said = process.communicate()[1]
        tally.continued += "Going on with" in said
        if process.returncode == -signal.SIGKILL:
            continue
        tally.kits += 1
        finished = process.returncode == 2 and "already holds a kit" in said  # killed after the last rename
        if (process.returncode and not finished) or not (out / "kit.json").is_file():
            tally.lost += 1
            click.echo(said, err=True)
        break
    tally.left_behind += len(list(folder.iterdir())) - 1
    if not (out / "kit.json").is_file():
        return
    secret = json.loads((out / "audit/secret.json").read_text())
    unbroken = folder / "unbroken"
    subprocess.run(command(unbroken, utterances, jobs, int(secret["seed"])), check=True, capture_output=True)
    wrong_seed = seed is not None and int(secret["seed"]) != seed
    tally.different += wrong_seed or digests(out) != digests(unbroken)


def campaign(
    kills: int, seed: int, utterances: int, jobs: int, watch: Callable[[Tally], None] | None = None
) -> Tally:
    """At least that many kills; ``watch`` is called after each kit."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory(prefix="memaudit-kills-") as place:
        began = time.perf_counter()
        subprocess.run(command(Path(place, "first"), utterances, jobs, 1), check=True, capture_output=True)
        seconds = time.perf_counter() - began
        while tally.kills < kills:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                one_kit(Path(folder), rng, (utterances, jobs), seconds, tally)
            if watch is not None:
                watch(tally)
    return tally


@click.command()
@click.option("--kills", default=50, show_default=True, help="At least.")
@click.option("--seed", default=1, show_default=True, help="Of the random moments.")
@click.option("--utterances", default=300, show_default=True, help="Of each kit.")
@click.option("--jobs", default=2, show_default=True)
def main(kills: int, seed: int, utterances: int, jobs: int) -> None:
    """Kill, go on, compare, print."""

    def watch(tally: Tally) -> None:
        click.echo(f"{tally.kills} kills, {tally.kits} kits", err=True)

    tally = campaign(kills, seed, utterances, jobs, watch)
    click.echo(json.dumps(asdict(tally)))
    sys.exit(bool(tally.lost or tally.different or tally.left_behind))


if __name__ == "__main__":
    main()
