"""What an audit costs an utterance, measured here, and the arithmetic for a large model.

    python -m tests.bench.cost [--parameters 1e9] [--real-time-factor 0.05] [--sizes 1000,4000] [--json]

Kits of two sizes are made and scored; the difference between them is what an utterance costs, the rest is
constant. Costs are processor seconds, children included, so that they depend little on who else is working.

What is measured with a model that does nothing (`tests.bench.nothing`) is memaudit's own work: reading audio,
passing it on, the journal, text scores, statistics and report. It is the same for every model. What grows
with the model is its own forward pass, n utterances of d seconds at its real-time factor, and its weights in
memory, once a process. The real-time factor is the user's to measure: seconds of work per second of audio,
transcript and loss together. With the factor of a machine the table says how long the audit takes there, and
which share is not the model's.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import open_kit, read_canaries
from tests.bench.overhead import peaks

NOTHING = "python:tests.bench.nothing:transcribe"
UTTERANCES = (300, 10_000, 100_000)


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one step: ``constant`` + n * ``each``, from two sizes."""

    constant: float
    each: float

    @classmethod
    def through(cls, few: tuple[int, float], many: tuple[int, float]) -> Cost:
        """The line through two (utterances, seconds)."""
        each = (many[1] - few[1]) / (many[0] - few[0])
        return cls(round(few[1] - each * few[0], 3), round(each, 6))

    def of(self, utterances: int) -> float:
        """Seconds for that many."""
        return self.constant + utterances * self.each


@dataclass(frozen=True)
class Kit:
    """What the making and scoring of one kit took: processor seconds, MiB, bytes."""

    utterances: int
    seconds_of_audio: float
    bytes_of_kit: int
    steps: dict[str, float]
    peaks: dict[str, dict[str, float]]
    journal_bytes: int
    transcript_bytes: int


def measured(size: int, folder: Path) -> Kit:
    """Make a kit of that many utterances of the reference recipe, and score it in three ways."""
    kit, pairs = folder / f"kit-{size}", max(1, size // 20)
    settings = [
        f"design.pairs_per_cell={pairs}",
        f"design.reserve_per_speed={max(1, size - 10 * pairs)}",
        "design.controls=0",
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    seen = {"make-kit": peaks("memaudit", ["make-kit", str(kit), "--recipe", "reference", "-q", *words])}
    seen["verify-kit"] = peaks("memaudit", ["verify-kit", str(kit), "-q"])
    out = folder / f"out-{size}"

    def score(name: str, *source: str) -> Path:
        to = out / name
        seen[name] = peaks("memaudit", ["score", str(kit), *source, "--out", str(to), "-q"])
        return to

    nothing = score("score, a model that does nothing", "--model", NOTHING)
    reference = score(
        "score, the reference recogniser", "--model", str(kits_folder() / "recognisers/unclipped")
    )
    rows = [json.loads(line) for line in (nothing / "utterances.jsonl").read_text().splitlines()]
    heard = folder / f"heard-{size}.jsonl"
    keys = ("id", "transcript", "loss")
    heard.write_text("".join(json.dumps({key: row[key] for key in keys}) + "\n" for row in rows))
    score("score, transcripts that are there", "--transcripts", str(heard))
    opened = open_kit(kit, verify=False)
    own = [
        json.loads(line)["transcript"] for line in (reference / "utterances.jsonl").read_text().splitlines()
    ]
    return Kit(
        utterances=opened.info.counts.utterances,
        seconds_of_audio=sum(canary.duration for canary in read_canaries(kit)),
        bytes_of_kit=sum(path.stat().st_size for path in kit.rglob("*") if path.is_file()),
        steps={name: peak["processor"] for name, peak in seen.items()},
        peaks={name: {who: peak[who] for who in ("own", "child")} for name, peak in seen.items()},
        journal_bytes=(reference / "journal").stat().st_size,
        transcript_bytes=sum(len(text.encode()) for text in own),
    )


def costs(few: Kit, many: Kit) -> dict[str, Cost]:
    """Every step's line through both kits."""
    return {
        name: Cost.through((few.utterances, few.steps[name]), (many.utterances, many.steps[name]))
        for name in few.steps
    }


def arithmetic(
    cost: Cost, seconds_of_audio: float, parameters: float, factor: float, bytes_each: int
) -> list[dict[str, Any]]:
    """For kits of `UTTERANCES`: what the model takes and what memaudit takes, one process on one device.

    Args:
        cost: of scoring with a model that does nothing.
        seconds_of_audio: of an utterance.
        parameters: of the model.
        factor: its real-time factor: seconds for a second of audio.
        bytes_each: of a parameter.
    """
    rows = []
    for number in UTTERANCES:
        model = number * seconds_of_audio * factor
        rows.append(
            {
                "utterances": number,
                "model_seconds": round(model, 1),
                "memaudit_seconds": round(cost.of(number), 1),
                "over_model": round((model + cost.of(number)) / model, 3),
                "weights_gib": round(parameters * bytes_each / 2**30, 2),
            }
        )
    return rows


def table(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = ["| step | constant, s | an utterance, ms | peak MiB, parent / child |", "|---|---|---|---|"]
    for name, cost in report["costs"].items():
        peak = report["peaks"][name]
        lines.append(
            f"| {name} | {cost['constant']:.2f} | {1000 * cost['each']:.2f} "
            f"| {peak['own']:.0f} / {peak['child']:.0f} |"
        )
    lines += [
        "",
        f"An utterance: {report['seconds_of_audio']:.2f} s of audio, {report['kit_bytes']} bytes of kit, "
        f"{report['journal_bytes']} bytes of journal beyond its transcript.",
        "",
        f"A model of {report['parameters']:.3g} parameters at a real-time factor of "
        f"{report['real_time_factor']:g} (memaudit's own seconds do not depend on the model):",
        "",
        "| utterances | the model, s | memaudit, s | together / model | weights, GiB a process |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['utterances']} | {row['model_seconds']} | {row['memaudit_seconds']} | {row['over_model']} "
        f"| {row['weights_gib']} |"
        for row in report["arithmetic"]
    ]
    return "\n".join(lines)


def reported(few: Kit, many: Kit, parameters: float, factor: float, bytes_each: int) -> dict[str, Any]:
    """Everything, as JSON values."""
    found = costs(few, many)
    seconds = many.seconds_of_audio / many.utterances
    more = many.utterances - few.utterances
    own_bytes = [kit.journal_bytes - kit.transcript_bytes for kit in (few, many)]
    return {
        "sizes": [few.utterances, many.utterances],
        "parameters": parameters,
        "real_time_factor": factor,
        "seconds_of_audio": round(seconds, 3),
        "kit_bytes": round((many.bytes_of_kit - few.bytes_of_kit) / more),
        "journal_bytes": round((own_bytes[1] - own_bytes[0]) / more),
        "costs": {name: asdict(cost) for name, cost in found.items()},
        "peaks": many.peaks,
        "arithmetic": arithmetic(
            found["score, a model that does nothing"], seconds, parameters, factor, bytes_each
        ),
    }


def _sizes(text: str) -> Sequence[int]:
    sizes = sorted({int(word) for word in text.split(",")})
    if len(sizes) != 2:
        raise click.BadParameter("two sizes, such as 1000,4000")
    return sizes


@click.command()
@click.option("--parameters", default=1e9, show_default=True, help="Of the model.")
@click.option("--real-time-factor", "factor", default=0.05, show_default=True, help="Of the model.")
@click.option("--bytes", "bytes_each", default=2, show_default=True, help="Of a parameter.")
@click.option("--sizes", default="1000,4000", show_default=True, help="Utterances of the two kits.")
@click.option("--json", "as_json", is_flag=True)
def main(parameters: float, factor: float, bytes_each: int, sizes: str, as_json: bool) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="memaudit-cost-") as folder:
        few, many = (measured(size, Path(folder)) for size in _sizes(sizes))
    report = reported(few, many, parameters, factor, bytes_each)
    click.echo(json.dumps(report, indent=2) if as_json else table(report))


if __name__ == "__main__":
    main()
