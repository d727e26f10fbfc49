"""How fast kits are made, against a program a file, and in how much memory.

    python -m tests.bench.kits [--canaries 2000] [--jobs 2]

Needs the programs espeak-ng and sox for the comparison, which is skipped where they are missing. Prints one JSON
document. Ends with 1 where a promise is broken: at least 5 times faster than one call of espeak-ng and one of
sox a file with as many running at a time as there are jobs, and no more memory for 5,000 canaries than for 500
(within `TOLERANCE`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from memaudit.kit.draft import Draft, draft_kit
from memaudit.kit.recipe import Recipe, load_recipe

#: How many times faster than a program a file.
PROMISE = 5.0
#: By how much the peak may differ between 500 and 5,000 canaries.
TOLERANCE = 0.10
SIZES = (500, 5_000)
PEAK = """
import json, resource, sys, time
from pathlib import Path
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
began = time.perf_counter()
make_kit(load_recipe("paper", json.loads(sys.argv[1])), Path(sys.argv[2]), seed=1, jobs=int(sys.argv[3]))
peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([time.perf_counter() - began, *peaks]))
"""


def overrides(canaries: int) -> list[str]:
    """The paper recipe with that many utterances, 20 controls among them."""
    pairs_per_cell = max(1, (canaries - 20) // 50)
    reserve = (canaries - 20 - 30 * pairs_per_cell) // 3
    controls = canaries - 30 * pairs_per_cell - 3 * reserve
    return [
        f"design.pairs_per_cell={pairs_per_cell}",
        f"design.reserve_per_speed={reserve}",
        f"design.controls={controls}",
    ]


def made(canaries: int, jobs: int) -> dict[str, float]:
    """Make a kit in a process of its own: seconds, and the peaks of that process and of a speaking one."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [json.dumps(overrides(canaries)), str(Path(folder, "kit")), str(jobs)]
        command = [sys.executable, "-c", PEAK, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, own, child = json.loads(done.stdout)
    return {"seconds": round(seconds, 2), "main_mib": round(own, 1), "speaking_mib": round(child, 1)}


def a_program_a_file(recipe: Recipe, drafts: list[Draft], at_a_time: int) -> float:
    """Seconds of the same work by espeak-ng and sox, which are called for each file."""

    def one(draft: Draft) -> None:
        spoken, finished = Path(folder, f"{draft.id}.wav"), Path(folder, f"{draft.id}.flac")
        speak = ["espeak-ng", "-v", draft.voice, "-w", str(spoken), draft.spoken]
        finish = ["sox", str(spoken), "-b", "16", "-c", "1", str(finished), "rate", "16000"]
        finish += ["tempo", "-s", str(draft.speed), "norm", "-3"]
        for command in (speak, finish):
            subprocess.run(command, check=True, capture_output=True)
        spoken.unlink()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_a_time) as pool:
        began = time.perf_counter()
        list(pool.map(one, drafts))
        return time.perf_counter() - began


@click.command()
@click.option("--canaries", default=2_000, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--repeat", default=1, show_default=True, help="Of several runs the fastest counts.")
def main(canaries: int, jobs: int, repeat: int) -> None:
    """Measure, print and judge."""
    report: dict[str, object] = {}
    kept = True
    ours = min(made(canaries, jobs)["seconds"] for _ in range(repeat))
    report["memaudit"] = {"canaries": canaries, "jobs": jobs, "seconds": ours}
    report["one_job_seconds"] = min(made(canaries, 1)["seconds"] for _ in range(repeat))
    missing = [program for program in ("espeak-ng", "sox") if shutil.which(program) is None]
    if missing:
        report["comparison"] = f"skipped: {' and '.join(missing)} not installed"
    else:
        recipe = load_recipe("paper", overrides(canaries))
        drafts = draft_kit(recipe, 1)
        seconds = min(a_program_a_file(recipe, drafts, jobs) for _ in range(repeat))
        report["program_a_file"] = {"at_a_time": jobs, "seconds": round(seconds, 2)}
        report["times_faster"] = round(seconds / ours, 1)
        kept &= seconds / ours >= PROMISE
    few, many = (made(size, jobs) for size in SIZES)
    report["memory"] = {str(size): peak for size, peak in zip(SIZES, (few, many), strict=True)}
    for name in ("main_mib", "speaking_mib"):
        kept &= many[name] <= few[name] * (1 + TOLERANCE)
    report["promises_kept"] = kept
    click.echo(json.dumps(report, indent=2))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
