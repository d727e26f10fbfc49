"""How long `memaudit score` takes, against a bare loop, onnx-asr and sherpa-onnx, and what losses cost.

    python -m tests.bench.models [--utterances 200] [--repeat 5] [--moonshine FOLDER]

A kit is made and scored by every program in turn, ``repeat`` times, each in a process of its own from its
start to its end; medians count. Moonshine comes from the package index where no folder is given. Prints one
JSON document, in which every figure is a ratio of medians of this run: of seconds on the clock, and of the
processor, children included, which depend less on who else is working. Ends with 1 where a promise is broken:

- `score` in one process takes at most 1.05 times as long as a bare onnxruntime loop that does the same calls,
- it takes no longer than onnx-asr or sherpa-onnx, which give no losses,
- it is at least 1.7 times faster with two processes,
- the loss adds at most 15 % to CTC and 100 % to a transducer (within one process, alternating).

The kits have no controls: a model that is no real recogniser is tried with other front ends on these. What
`score` does beyond the loop, the statistics and the report, takes the same time however large the model is:
``constant`` has it in seconds.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from memaudit.kit.audio import read_audio
from memaudit.kit.make import make_kit
from memaudit.kit.packaged import kits_folder
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit, open_kit
from memaudit.models.registry import load_recognizer
from tests.models.transducers import synthetic_transducer
from tests.real.wheels import MOONSHINE, cache_folder, unpacked

SCORE = "from memaudit.cli.main import main; main()"


@dataclass(frozen=True)
class Times:
    """Medians of the runs of one program, in seconds."""

    clock: float
    processor: float

    def over(self, other: Times) -> dict[str, float]:
        """How many times longer than ``other``."""
        return {
            "clock": round(self.clock / other.clock, 3),
            "processor": round(self.processor / other.processor, 3),
        }


def once(command: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor of a program and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, used


def alternating(commands: Mapping[str, Sequence[str]], repeat: int) -> dict[str, Times]:
    """Every program in turn, ``repeat`` times, so that all meet the same load."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            found[name].append(once(command))
    return {name: Times(*map(statistics.median, zip(*runs, strict=True))) for name, runs in found.items()}


def bench_kit(folder: Path, utterances: int) -> Kit:
    """A kit of about that many utterances: the paper's speeds and levels, without controls."""
    pairs = max(1, utterances // 50)
    reserve = max(2, (utterances - 30 * pairs) // 3)
    overrides = [f"design.pairs_per_cell={pairs}", f"design.reserve_per_speed={reserve}", "design.controls=0"]
    return make_kit(load_recipe("paper", overrides), folder, seed=1)


def listed(kit: Kit, model: Path, path: Path) -> Path:
    """The kit's recordings with their references in the model's tokens, for the other programs."""
    tokens: Any = load_recognizer(model)
    rows = (
        {"audio": str(kit.audio_path(canary)), "tokens": [int(t) for t in tokens.tokens.encode(canary.text)]}
        for canary in kit.canaries
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def compared(kit: Kit, kind: str, model: Path, others: Sequence[str], repeat: int, work: Path) -> Any:
    """One model by every program."""
    rows = str(listed(kit, model, work / f"{kind}.jsonl"))
    python, place = [sys.executable, "-m"], [str(model), rows]

    def score(jobs: int) -> list[str]:
        words = ["score", str(kit.root), "--model", str(model), "--jobs", str(jobs), "--quiet"]
        return [sys.executable, "-c", SCORE, *words, "--out", str(work / f"{kind}-{jobs}")]

    # What the statistics and the report take, from what was heard before.
    heard = ["score", str(kit.root), "--transcripts", str(work / f"{kind}-1" / "heard.jsonl"), "--quiet"]
    once(score(1))
    utterances = (work / f"{kind}-1" / "utterances.jsonl").read_text().splitlines()
    keys = ("id", "transcript", "loss")
    (work / f"{kind}-1" / "heard.jsonl").write_text(
        "".join(json.dumps({key: json.loads(line)[key] for key in keys}) + "\n" for line in utterances)
    )
    commands = {
        "bare": [*python, "tests.bench.bare", kind, *place],
        "score": score(1),
        "score --jobs 2": score(2),
        "constant": [sys.executable, "-c", SCORE, *heard, "--out", str(work / f"{kind}-constant")],
        **{name: [*python, "tests.bench.others", name, *place] for name in others},
    }
    times = alternating(commands, repeat)
    one = times["score"]
    return {
        "seconds": {name: round(found.clock, 2) for name, found in times.items()},
        "processor": {name: round(found.processor, 2) for name, found in times.items()},
        "over_bare": one.over(times["bare"]),
        "over_others": {name: one.over(times[name]) for name in others},
        "faster_with_two": round(one.clock / times["score --jobs 2"].clock, 3),
    }


def loss_cost(model: Path, kit: Kit, repeat: int) -> float:
    """Time with the loss over time without it, each utterance in turn, in this process."""
    recognizer = load_recognizer(model)
    read = [(read_audio(kit.audio_path(canary))[0], canary.text) for canary in kit.canaries]

    def took(hear: Callable[[], object]) -> float:
        began = time.process_time()
        hear()
        return time.process_time() - began

    ratios = []
    for _ in range(repeat):
        without = with_loss = 0.0
        for samples, text in read:
            without += took(lambda samples=samples: recognizer.recognize(samples))  # type: ignore[misc]
            with_loss += took(lambda samples=samples, text=text: recognizer.recognize(samples, text))  # type: ignore[misc]
        ratios.append(with_loss / without)
    return round(statistics.median(ratios), 3)


@click.command()
@click.option("--utterances", default=200, show_default=True)
@click.option("--repeat", default=5, show_default=True)
@click.option("--moonshine", type=click.Path(path_type=Path), help="Folder with its three files.")
@click.option("--only", type=click.Choice(["moonshine", "transducer", "loss"]), help="One part.")
def main(utterances: int, repeat: int, moonshine: Path | None, only: str | None) -> None:
    """Measure, print and judge."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    report: dict[str, Any] = {"utterances": utterances, "load": os.getloadavg(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="memaudit-bench-") as folder:
        work = Path(folder)
        kit = bench_kit(work / "kit", utterances)
        transducer = synthetic_transducer(work / "models" / "transducer").parent
        if only in (None, "transducer"):
            report["transducer"] = compared(
                kit, "transducer", transducer, ("onnx-asr", "sherpa-onnx"), repeat, work
            )
        if only in (None, "moonshine"):
            place = moonshine or unpacked(MOONSHINE, cache_folder())
            report["moonshine"] = compared(kit, "moonshine", place, (), repeat, work)
        if only in (None, "loss"):
            reference = open_kit(kits_folder() / "reference")
            report["loss"] = {
                "ctc": loss_cost(kits_folder() / "recognisers" / "unclipped", reference, repeat),
                "transducer": loss_cost(transducer, kit, repeat),
            }
    report["broken"] = broken(report)
    click.echo(json.dumps(report, indent=2))
    sys.exit(bool(report["broken"]))


def broken(report: Mapping[str, Any]) -> list[str]:
    """The promises that this run did not keep, by the clock."""
    found = []
    for name in ("transducer", "moonshine"):
        if name in report:
            part = report[name]
            if part["over_bare"]["clock"] > 1.05:
                found.append(f"{name}: {part['over_bare']['clock']} times a bare loop")
            found += [
                f"{name}: {ratio['clock']} times {other}"
                for other, ratio in part["over_others"].items()
                if ratio["clock"] > 1
            ]
            if part["faster_with_two"] < 1.7:
                found.append(f"{name}: {part['faster_with_two']} times faster with two processes")
    for kind, most in (("ctc", 1.15), ("transducer", 2.0)):
        if report.get("loss", {}).get(kind, 0) > most:
            found.append(f"loss of {kind}: {report['loss'][kind]} times the transcript alone")
    return found


if __name__ == "__main__":
    main()
