"""`memaudit lab`: recognisers that memorise on purpose, to check the auditor."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from memaudit.cli.common import Output, shared_options
from memaudit.errors import MissingExtraError


@click.group()
def command() -> None:
    """Train small recognisers with canaries in their training set, and audit them.

    \b
    memaudit lab run --profile quick --out DIR
    memaudit lab reference --out DIR
    """


@command.command("run")
@click.option(
    "--profile",
    default="quick",
    show_default=True,
    metavar="quick, full or FILE",
    help="What is trained, and how much of it; or your own, as JSON like the profile in a study.json.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    multiple=True,
    help="Kits, speech and victims of this seed; may be given again. Default: the profile's.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Train this condition and the unclipped one alone; may be given again.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new folder, or one to go on in."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes side by side, each with one thread.",
)
@shared_options
def run(
    profile: str, seed: tuple[int, ...], only: tuple[str, ...], out: Path, jobs: int, output: Output
) -> None:
    """The paper's experiment at desk size: victims trained with and without clipping, each audited.

    \b
    memaudit lab run --profile quick --out DIR
    memaudit lab run --profile full --out DIR --jobs 2
    memaudit lab run --profile full --only example-1 --only core-1 --seed 7 --out DIR

    Kits, training sets and audits are made by memaudit's own commands; study.json lists each with its exit
    code. DIR gets study.html, study.md and study.json, and a folder for each victim with its models and
    audit.
    What was interrupted goes on where it stopped when the same command is given again.

    Exit codes: 0 the study ran, whatever it showed; 1 a control of the auditor failed (an unclipped victim in
    which nothing is detected, or a bound above the epsilon that training promised); 2 bad input or usage.
    """
    _require_packages()
    from memaudit.lab.study_end import end
    from memaudit.lab.study_folder import begin
    from memaudit.lab.study_jobs import jobs_of
    from memaudit.lab.study_profiles import chosen_profile
    from memaudit.lab.study_run import run_jobs
    from memaudit.lab.study_table import terminal

    chosen = chosen_profile(profile, seed, only)
    study = begin(out, chosen)
    with output.progress(f"Study: {chosen.name}") as progress:
        run_jobs(out, jobs_of(chosen), workers=jobs, progress=progress, note=output.note)
    options = [word for number in seed for word in ("--seed", str(number))]
    options += [word for name in only for word in ("--only", name)]
    ended = end(study, " ".join(["memaudit lab run --profile", profile, *options, "--out DIR"]))
    output.show(terminal(list(ended.found.conditions.values()), ended.claims))
    for sentence in (ended.controls.headline, ended.controls.positive, ended.controls.negative):
        output.show(sentence)
    output.line(str(out / "study.html"))
    output.document(ended.document)
    sys.exit(0 if ended.controls.sound else 1)


@command.command("reference")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder that does not exist yet.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Fixes everything.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that speak at a time."
)
@click.option("--variants", is_flag=True, help="Train three more, which are not shipped, to compare with.")
@shared_options
def reference(out: Path, seed: int, jobs: int, variants: bool, output: Output) -> None:
    """Make the reference kit and its two recognisers again, from nothing.

    \b
    memaudit lab reference --out DIR

    DIR gets the kit (reference), the ONNX models (recognisers), the same as TorchScript (torchscript) and
    their audits. What the package ships came from this command with --seed 1. Takes about four minutes
    on one core; the same machine makes the same files again.

    The variants are a recogniser that was only trained less, and two with per-core clipping.
    """
    _require_packages()
    from memaudit.lab.reference import make_reference
    from memaudit.lab.setup import REFERENCE, REFERENCE_AND_VARIANTS
    from memaudit.report.side_by_side import side_by_side

    setup = REFERENCE_AND_VARIANTS if variants else REFERENCE
    results = make_reference(out, seed=seed, watch=output.progress, setup=setup, jobs=jobs)
    output.show(side_by_side(results))
    output.document({name: found.document() for name, found in results.items()})


def _require_packages() -> None:
    for package in ("torch", "onnx", "onnxscript", "dp_accounting"):
        if find_spec(package) is None:
            raise MissingExtraError("memaudit lab", "lab")
