"""How long `memaudit score` takes and in how much memory, against bare loops, onnx-asr and sherpa-onnx.

    python -m tests.bench.models [--utterances 200 --utterances 2000] [--repeat 5] [--moonshine FOLDER]

A kit of each size is made and scored by every program in turn, ``repeat`` times (the larger kits fewer times,
at least twice), each in a process of its own from its start to its end; medians count. Moonshine comes from
the package index where no folder is given. Prints one JSON document, in which every ratio is one of medians
of this run: of seconds on the clock, and of the processor, children included, which depend less on who else
is working. Ends with 1 where a promise is broken, judged at the largest size by the clock:

- `score` in one process takes at most 1.05 times as long as a bare onnxruntime loop that does the same calls,
- it takes no longer than onnx-asr or sherpa-onnx, which give no losses,
- with two processes it is at least 1.7 times faster, or, where this machine has not that much to give, at
  least 0.95 times ``ceiling_of_two``: how many times more two bare loops at once get done than one. Two
  loops share memory and caches, so that they slow each other down without any program between them,
- each of its processes, the one that the user starts and the one that has the model, takes at most 150 MiB
  more memory than the bare loop,
- the loss adds at most 15 % to CTC and 100 % to a transducer (within one process, alternating).

The kits have no controls: a model that is no real recogniser is tried with other front ends on these. What
`score` does beyond the loop, imports, statistics and report, hardly grows with the kit: ``constant`` has it
in seconds, and with two sizes ``holds_from`` says from how many utterances on the ratio is at most 1.05.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from memaudit.kit.audio import read_audio
from memaudit.kit.make import make_kit
from memaudit.kit.packaged import kits_folder
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit, open_kit
from memaudit.models.registry import load_recognizer
from tests.bench.overhead import (
    MOST_MEMORY,
    MOST_TIME,
    Times,
    at_once,
    ceiling_of_two,
    holds_from,
    memory_over,
    peaks,
    wanted_of_two,
)
from tests.models.transducers import synthetic_transducer
from tests.real.wheels import MOONSHINE, cache_folder, unpacked


def once(command: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor of a program and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, used


def alternating(
    commands: Mapping[str, Sequence[str]], repeat: int, twice: str, clear: Callable[[], None]
) -> tuple[dict[str, Times], list[float]]:
    """Every program in turn, ``repeat`` times, so that all meet the same load; and one of them twice at once.

    Args:
        commands: name -> program.
        repeat: how often.
        twice: the name of the one that is also run twice at once.
        clear: called before each, to remove what the last one wrote.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    together = []
    for _ in range(repeat):
        for name, command in commands.items():
            clear()
            found[name].append(once(command))
        together.append(at_once(commands[twice]))
    medians = {name: Times(*map(statistics.median, zip(*runs, strict=True))) for name, runs in found.items()}
    return medians, together


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
    """One model by every program, over one kit."""
    work.mkdir()
    rows = str(listed(kit, model, work / "rows.jsonl"))
    out, heard = work / "out", work / "heard.jsonl"
    python, place = [sys.executable, "-m"], [str(model), rows]

    def score(*source: str) -> list[str]:
        return ["score", str(kit.root), *source, "--quiet", "--out", str(out)]

    def clear() -> None:
        shutil.rmtree(out, ignore_errors=True)

    one, two = (score("--model", str(model), "--jobs", str(jobs)) for jobs in (1, 2))
    memory = memory_over(peaks("memaudit", one), peaks("tests.bench.bare", [kind, *place]))
    # What imports, statistics and the report take, from what was heard.
    keys = ("id", "transcript", "loss")
    utterances = [json.loads(line) for line in (out / "utterances.jsonl").read_text().splitlines()]
    heard.write_text("".join(json.dumps({key: row[key] for key in keys}) + "\n" for row in utterances))
    commands = {
        "bare": [*python, "tests.bench.bare", kind, *place],
        "score": [*python, "memaudit", *one],
        "score --jobs 2": [*python, "memaudit", *two],
        "constant": [*python, "memaudit", *score("--transcripts", str(heard))],
        **{name: [*python, "tests.bench.others", name, *place] for name in others},
    }
    times, together = alternating(commands, repeat, "bare", clear)
    return {
        "seconds": {name: round(found.clock, 2) for name, found in times.items()},
        "processor": {name: round(found.processor, 2) for name, found in times.items()},
        "over_bare": times["score"].over(times["bare"]),
        "over_others": {name: times["score"].over(times[name]) for name in others},
        "faster_with_two": round(times["score"].clock / times["score --jobs 2"].clock, 3),
        "ceiling_of_two": ceiling_of_two(times["bare"], together),
        "memory": memory,
    }


def by_size(
    kits: Mapping[int, Kit], kind: str, model: Path, others: Sequence[str], repeat: int, work: Path
) -> Any:
    """One model over every kit, and from which size on the promise holds."""
    found = {
        size: compared(
            kit, kind, model, others, max(min(2, repeat), repeat * min(kits) // size), work / f"{kind}-{size}"
        )
        for size, kit in kits.items()
    }
    report = {str(size): part for size, part in found.items()}
    if len(found) > 1:
        report["holds_from"] = {
            unit: holds_from(
                {size: part[unit]["score"] for size, part in found.items()},
                {size: part[unit]["bare"] for size, part in found.items()},
            )
            for unit in ("seconds", "processor")
        }
    return report


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
@click.option("--utterances", multiple=True, type=int, default=(200,), show_default=True, help="Of each kit.")
@click.option("--repeat", default=5, show_default=True, help="Of the smallest kit.")
@click.option("--moonshine", type=click.Path(path_type=Path), help="Folder with its three files.")
@click.option("--only", type=click.Choice(["moonshine", "transducer", "loss"]), help="One part.")
def main(utterances: tuple[int, ...], repeat: int, moonshine: Path | None, only: str | None) -> None:
    """Measure, print and judge."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sizes = sorted(set(utterances))
    report: dict[str, Any] = {"utterances": sizes, "load": os.getloadavg(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="memaudit-bench-") as folder:
        work = Path(folder)
        kits = {size: bench_kit(work / f"kit-{size}", size) for size in sizes}
        transducer = synthetic_transducer(work / "models" / "transducer").parent
        if only in (None, "transducer"):
            report["transducer"] = by_size(
                kits, "transducer", transducer, ("onnx-asr", "sherpa-onnx"), repeat, work
            )
        if only in (None, "moonshine"):
            place = moonshine or unpacked(MOONSHINE, cache_folder())
            report["moonshine"] = by_size(kits, "moonshine", place, (), repeat, work)
        if only in (None, "loss"):
            reference = open_kit(kits_folder() / "reference")
            report["loss"] = {
                "ctc": loss_cost(kits_folder() / "recognisers" / "unclipped", reference, repeat),
                "transducer": loss_cost(transducer, kits[sizes[0]], repeat),
            }
    report["broken"] = broken(report)
    click.echo(json.dumps(report, indent=2))
    sys.exit(bool(report["broken"]))


def broken(report: Mapping[str, Any]) -> list[str]:
    """The promises that this run did not keep, by the clock."""
    found = []
    for name in ("transducer", "moonshine"):
        if name in report:
            found += [f"{name}: {what}" for what in broken_of(report[name][str(report["utterances"][-1])])]
    for kind, most in (("ctc", 1.15), ("transducer", 2.0)):
        if report.get("loss", {}).get(kind, 0) > most:
            found.append(f"loss of {kind}: {report['loss'][kind]} times the transcript alone")
    return found


def broken_of(part: Mapping[str, Any]) -> list[str]:
    """Those of one model over one kit."""
    found = []
    if part["over_bare"]["clock"] > MOST_TIME:
        found.append(f"{part['over_bare']['clock']} times a bare loop")
    found += [
        f"{ratio['clock']} times {other}"
        for other, ratio in part["over_others"].items()
        if ratio["clock"] > 1
    ]
    wanted = wanted_of_two(part["ceiling_of_two"])
    if part["faster_with_two"] < wanted:
        found.append(f"{part['faster_with_two']} times faster with two processes, not {wanted}")
    for process in ("parent", "child"):
        if part["memory"][f"{process}_over_bare"] > MOST_MEMORY:
            found.append(
                f"the {process} takes {part['memory'][f'{process}_over_bare']} MiB more than a bare loop"
            )
    return found


if __name__ == "__main__":
    main()
