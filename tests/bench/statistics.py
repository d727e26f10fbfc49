"""How fast the statistics are and in how much memory, and a whole `score --transcripts` by the kit's size.

    python -m tests.bench.statistics [--sizes 2000,10000,100000] [--repeat 3] [--jobs 2]

Prints one JSON document. Ends with 1 where a promise is broken: relabelling 10,000 canaries 10,000 times at
least `FASTER` times faster than scipy.stats.permutation_test called plainly on the same data in the same run,
in less than `MEMORY` MiB; `score` within `SECONDS` of each size, imports included, and its processor time
growing no faster than n log n from one size to the next. Kits are made first, which is not counted. On a busy
machine look at the processor seconds.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

FASTER = 20.0
MEMORY = 1024.0
SECONDS = {2_000: 5.0, 100_000: 60.0}
CANARIES = 10_000
"""And as many relabellings."""

RELABEL = """
import json, resource, sys, time
import numpy as np
from scipy.stats import permutation_test
from memaudit.stats.randomisation import randomisation_test
n, draws, ours = int(sys.argv[1]), int(sys.argv[1]), sys.argv[2] == "ours"
values, inserted = np.random.default_rng(0).normal(size=n), np.arange(n) < n // 2
start = time.process_time()
if ours:
    randomisation_test(values, inserted, np.zeros(n, int), seed=1, relabellings=draws)
else:
    permutation_test((values[inserted], values[~inserted]), lambda one, other: np.mean(one) - np.mean(other),
                     n_resamples=draws, alternative="greater", rng=1)
print(json.dumps([time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def relabelling(repeat: int) -> dict[str, float]:
    """Processor seconds and peak MiB of both tests, each in a process of its own; the least of ``repeat``."""
    ours = min(_relabelled("ours") for _ in range(repeat))
    plain = min(_relabelled("scipy") for _ in range(max(1, repeat // 2)))
    return {
        "seconds": ours[0],
        "scipy_seconds": plain[0],
        "ratio": plain[0] / ours[0],
        "peak_mib": ours[1],
        "scipy_peak_mib": plain[1],
    }


def _relabelled(which: str) -> tuple[float, float]:
    words = [sys.executable, "-c", RELABEL, str(CANARIES), which]
    seconds, peak = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return seconds, peak


def scored(size: int, folder: Path, repeat: int, jobs: int) -> dict[str, float]:
    """Make a kit of about ``size`` canaries and score transcripts of it: seconds, processor seconds, MiB."""
    kit, heard = folder / f"kit{size}", folder / f"heard{size}.jsonl"
    pairs = max(1, size // 20)
    settings = [
        "speech.controls_engine=pyttsx3",
        "design.repetitions=[1,2,4,8,16]",
        f"design.pairs_per_cell={pairs}",
        f"design.reserve_per_speed={size - 10 * pairs}",
        "design.controls=30",
    ]
    options = [word for setting in settings for word in ("--set", setting)]
    start = time.perf_counter()
    _memaudit("make-kit", kit, "--recipe", "smoke", "--seed", "3", "--jobs", jobs, "-q", *options)
    made = time.perf_counter() - start
    _hear(kit, heard)
    runs = []
    for number in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        out = folder / f"out{size}-{number}"
        _memaudit("score", kit, "--transcripts", heard, "--out", out, "--assume-injected", "-q")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        runs.append((time.perf_counter() - start, cpu, after.ru_maxrss / 1024))
    seconds, cpu, peak = min(runs)
    return {"canaries": size, "make_kit": made, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}


def too_steep(curve: list[dict[str, float]]) -> list[str]:
    """A sentence for each step of the curve on which processor time grows faster than n log n."""
    found = []
    runs = sorted(curve, key=lambda run: run["canaries"])
    for small, large in itertools.pairwise(runs):
        n, m = small["canaries"], large["canaries"]
        growth, most = large["cpu_seconds"] / small["cpu_seconds"], m * math.log(m) / (n * math.log(n))
        if growth > most:
            found.append(f"from {n} to {m} canaries the time grows {growth:.1f}-fold, not {most:.1f}-fold")
    return found


def _hear(kit: Path, path: Path) -> None:
    rows = [json.loads(line) for line in (kit / "audit/assignment.jsonl").open(encoding="utf-8")]
    rng = random.Random(1)
    texts = [row["text"] for row in rows]
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            reads = row["arm"] == "control" or (row["arm"] == "inserted" and rng.random() < 0.1)
            text = row["text"] if reads else rng.choice(texts)
            line = {"id": row["id"], "transcript": text, "loss": rng.gammavariate(40, 1)}
            stream.write(json.dumps(line) + "\n")


def _memaudit(*words: object) -> None:
    program = Path(sys.executable).with_name("memaudit")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise click.ClickException(done.stderr)


@click.command()
@click.option("--sizes", default="2000,10000", show_default=True, help="Canaries of the kits.")
@click.option("--repeat", default=3, show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Processes that make the kits.")
def main(sizes: str, repeat: int, jobs: int) -> None:
    """Measure and judge."""
    # First, since the largest child so far is what the system tells.
    with tempfile.TemporaryDirectory() as folder:
        curve = [scored(int(size), Path(folder), repeat, jobs) for size in sizes.split(",")]
    relabelled = relabelling(repeat)
    broken = []
    if relabelled["ratio"] < FASTER:
        broken.append(f"relabelling is {relabelled['ratio']:.1f} times as fast as scipy's, not {FASTER:g}")
    if relabelled["peak_mib"] > MEMORY:
        broken.append(f"relabelling takes {relabelled['peak_mib']:.0f} MiB")
    for run in curve:
        most = SECONDS.get(int(run["canaries"]))
        if most is not None and run["seconds"] > most:
            broken.append(f"{run['canaries']} canaries take {run['seconds']:.1f} s, not {most:g}")
    broken += too_steep(curve)
    click.echo(json.dumps({"relabelling": relabelled, "score": curve, "broken": broken}, indent=2))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
