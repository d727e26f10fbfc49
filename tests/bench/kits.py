"""How fast kits are made, against a program a file, and in how much memory.

    python -m tests.bench.kits [--canaries 2000] [--jobs 2] [--repeat 3] [--curve 500,5000]

Needs the programs espeak-ng and sox for the comparison, which is skipped where they are missing. Prints one
JSON document. Ends with 1 where a promise is broken: at least `PROMISE` times faster than calling espeak-ng
and sox a file at a time; and, over the sizes of the curve (1000,10000,100000 takes about five quiet minutes):

- time grows in proportion: the processor takes for an utterance of the largest kit at most `LINEAR` times
  what it takes for one of the others,
- memory is bounded: the speaking processes take no more for the largest kit than for the smallest (within
  `TOLERANCE`), and the main process, which holds the texts and hashes of all but no audio, at most
  `BYTES_EACH` more for each utterance (on top of that tolerance).

On a busy machine look at the processor seconds: these depend less on who else is working.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from memaudit.kit.draft import Draft, draft_kit
from memaudit.kit.recipe import load_recipe

#: How many times faster than a program a file, one file at a time.
PROMISE = 5.0
#: By how much the peak of a speaking process may differ between kits.
TOLERANCE = 0.10
#: How many times longer an utterance of a large kit may take than one of a small kit.
LINEAR = 1.1
#: Bytes of the main process that an utterance may take.
BYTES_EACH = 2048
MAKE = """
import json, resource, sys
from pathlib import Path
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
make_kit(load_recipe("paper", json.loads(sys.argv[1])), Path(sys.argv[2]), seed=1, jobs=int(sys.argv[3]))
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(json.dumps([resource.getrusage(who).ru_maxrss for who in whose]))
"""


@dataclass(frozen=True)
class Run:
    """Seconds on the clock and of the processor; peaks of the main process and of a speaking one, in MiB."""

    seconds: float
    processor_seconds: float
    main_mib: float = 0.0
    speaking_mib: float = 0.0


def overrides(canaries: int) -> list[str]:
    """The paper recipe with that many utterances, about 20 controls among them, all spoken by espeak-ng."""
    pairs_per_cell = max(1, (canaries - 20) // 50)
    reserve = (canaries - 20 - 30 * pairs_per_cell) // 3
    controls = canaries - 30 * pairs_per_cell - 3 * reserve
    return [
        f"design.pairs_per_cell={pairs_per_cell}",
        f"design.reserve_per_speed={reserve}",
        f"design.controls={controls}",
        "speech.controls_engine=pyttsx3",
    ]


def timed(work: Any) -> Run:
    """Run ``work``, which does everything in child processes and returns their peaks, if it knows them."""

    def processor() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    began, used = time.perf_counter(), processor()
    peaks = work() or (0, 0)
    seconds = time.perf_counter() - began
    return Run(round(seconds, 2), round(processor() - used, 2), *(round(peak / 1024, 1) for peak in peaks))


def made(canaries: int, jobs: int) -> Run:
    """Make a kit in a process of its own, from starting Python to the last file."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [json.dumps(overrides(canaries)), str(Path(folder, "kit")), str(jobs)]

        def make() -> Any:
            command = [sys.executable, "-c", MAKE, *arguments]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        return timed(make)


def a_program_a_file(drafts: list[Draft], at_a_time: int) -> Run:
    """The same work by espeak-ng and sox, which are called for each file."""

    def one(draft: Draft) -> None:
        spoken, finished = Path(folder, f"{draft.id}.wav"), Path(folder, f"{draft.id}.flac")
        speak = ["espeak-ng", "-v", draft.voice, "-w", str(spoken), draft.spoken]
        finish = ["sox", str(spoken), "-b", "16", "-c", "1", str(finished), "rate", "16000"]
        finish += ["tempo", "-s", str(draft.speed), "norm", "-3"]
        for command in (speak, finish):
            subprocess.run(command, check=True, capture_output=True)
        spoken.unlink()

    def everything() -> None:
        with ThreadPoolExecutor(at_a_time) as pool:
            list(pool.map(one, drafts))

    with tempfile.TemporaryDirectory() as folder:
        return timed(everything)


def fastest(runs: list[Run]) -> Run:
    """The run that was disturbed least."""
    return min(runs, key=lambda run: run.seconds)


def broken(runs: dict[int, Run]) -> list[str]:
    """What the curve does not keep; sizes ascending."""
    few, many = min(runs), max(runs)
    small, large = runs[few], runs[many]
    found = []
    each = {size: run.processor_seconds / size for size, run in runs.items()}
    if each[many] > LINEAR * min(each.values()):
        found.append(f"an utterance of {many} takes {1000 * each[many]:.2f} ms")
    if large.speaking_mib > small.speaking_mib * (1 + TOLERANCE):
        found.append(f"a speaking process takes {large.speaking_mib} MiB for {many}")
    if large.main_mib > small.main_mib * (1 + TOLERANCE) + BYTES_EACH * (many - few) / 2**20:
        found.append(f"the main process takes {large.main_mib} MiB for {many}")
    return found


@click.command()
@click.option("--canaries", default=2_000, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--repeat", default=1, show_default=True, help="Of several runs the fastest counts.")
@click.option("--curve", default="500,5000", show_default=True, help="Utterances of the kits of the curve.")
def main(canaries: int, jobs: int, repeat: int, curve: str) -> None:
    """Measure, print and judge."""
    times = range(repeat)
    ours = fastest([made(canaries, jobs) for _ in times])
    report: dict[str, Any] = {"canaries": canaries, "jobs": jobs, "memaudit": asdict(ours)}
    kept = True
    missing = [program for program in ("espeak-ng", "sox") if shutil.which(program) is None]
    if missing:
        report["comparison"] = f"skipped: {' and '.join(missing)} not installed"
    else:
        drafts = draft_kit(load_recipe("paper", overrides(canaries)), 1)
        for name, at_a_time in (("a_file_at_a_time", 1), (f"{jobs}_files_at_a_time", jobs)):
            theirs = fastest([a_program_a_file(drafts, at_a_time) for _ in times])
            report[name] = {
                "seconds": theirs.seconds,
                "processor_seconds": theirs.processor_seconds,
                "times_slower": round(theirs.seconds / ours.seconds, 1),
                "times_more_processor": round(theirs.processor_seconds / ours.processor_seconds, 1),
            }
            kept &= at_a_time > 1 or theirs.seconds / ours.seconds >= PROMISE
    sizes = sorted({int(size) for size in curve.split(",")})
    runs = {size: made(size, jobs) for size in sizes}
    report["curve"] = {str(size): asdict(run) for size, run in runs.items()}
    report["broken"] = broken(runs)
    kept &= not report["broken"]
    report["promises_kept"] = kept
    click.echo(json.dumps(report, indent=2))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
