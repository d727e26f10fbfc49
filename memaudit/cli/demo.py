"""`memaudit demo`: the whole round on two shipped recognisers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from memaudit.audit.audit import finish
from memaudit.audit.results import Injection, Results
from memaudit.audit.scored_model import scored_model
from memaudit.cli.common import Output, shared_options
from memaudit.files import check_output
from memaudit.kit.make import make_kit
from memaudit.kit.packaged import kits_folder
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import open_kit
from memaudit.report.renderer import write_reports
from memaudit.report.side_by_side import side_by_side

RECOGNISERS = {
    "unclipped": "trained without gradient clipping",
    "clipped": "trained with per-example gradient clipping",
}


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("memaudit-demo"),
    show_default=True,
    help="Folder for the new kit and both audits.",
)
@click.option("--seed", type=int, default=None, help="Seed of the new kit; drawn at random by default.")
@shared_options
def command(out: Path, seed: int | None, output: Output) -> None:
    """Make a small kit, then audit two shipped recognisers on the kit that they were trained with.

    \b
    memaudit demo
    memaudit demo --out /tmp/demo --json

    Needs no network. Exit code 0 when it has run, whatever the verdicts.
    """
    out = out.absolute()
    check_output(out)
    output.note("1. make-kit: a new small kit, as you would make it before training")
    kit_path = Path(tempfile.mkdtemp(prefix="kit-", dir=out))
    with output.progress("Speaking") as progress:
        kit = make_kit(load_recipe("smoke"), kit_path, seed=seed, progress=progress)
    output.note(f"   {len(kit.canaries)} utterances in {kit_path}")
    output.note(f"   commitment {kit.commitment}")
    reference = open_kit(kits_folder() / "reference")
    audits: dict[str, Results] = {}
    for number, (name, story) in enumerate(RECOGNISERS.items(), 2):
        output.note(f"{number}. score: the recogniser {story}, on the kit in its training set")
        with output.progress("Scoring") as progress:
            scored = scored_model(reference, kits_folder() / "recognisers" / name, progress)
        audits[name] = finish(
            out / name,
            reference,
            scored.summary,
            scored.utterances,
            gates=(),
            injection=Injection(checked=False, assumed=True),
            trials=scored.trials,
        )
        write_reports(audits[name], ["html"], out / name)
    output.show(side_by_side(audits))
    output.show("")
    for name in audits:
        output.line(f"{name}: {out / name / 'report.html'}")
    output.document(
        {
            "kit": {"path": str(kit_path), "commitment": kit.commitment, "utterances": len(kit.canaries)},
            "audits": {
                name: {"verdict": found.verdict, "results": str(out / name / "results.json")}
                for name, found in audits.items()
            },
        }
    )
