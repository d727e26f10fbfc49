"""`memaudit lab`: recognisers that memorise on purpose, to check the auditor."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from memaudit.cli.common import Output, shared_options
from memaudit.errors import MissingExtraError


@click.group()
def command() -> None:
    """Train small recognisers with canaries in their training set, and audit them.

    \b
    memaudit lab reference --out DIR
    """


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
    for package in ("torch", "onnx", "onnxscript"):
        if find_spec(package) is None:
            raise MissingExtraError("memaudit lab", "lab")
    from memaudit.lab.reference import make_reference
    from memaudit.lab.setup import REFERENCE, REFERENCE_AND_VARIANTS
    from memaudit.report.side_by_side import side_by_side

    setup = REFERENCE_AND_VARIANTS if variants else REFERENCE
    results = make_reference(out, seed=seed, watch=output.progress, setup=setup, jobs=jobs)
    output.show(side_by_side(results))
    output.document({name: found.document() for name, found in results.items()})
