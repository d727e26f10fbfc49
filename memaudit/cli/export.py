"""`memaudit export`: the inserted canaries as a training manifest."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from memaudit.cli.common import Output, shared_options
from memaudit.cli.manifest_options import format_option, text_field_option
from memaudit.cli.options import FOLDER
from memaudit.kit.manifests.copies import Case
from memaudit.kit.manifests.export import Exported, export_kit
from memaudit.kit.manifests.registry import manifest_format
from memaudit.kit.store import open_kit


@click.command()
@click.argument("kit", type=FOLDER)
@format_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new folder for manifest and audio."
)
@click.option(
    "--append-to",
    type=click.Path(path_type=Path),
    metavar="MANIFEST",
    help="Your own manifest (for kaldi its folder): a merged copy goes into --out, yours stays as it is.",
)
@click.option(
    "--root",
    metavar="PATH",
    help="Where --out will lie on the training machine: paths begin with it. Default: where --out is.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Fixes the order of the canaries, and their places among your lines.",
)
@click.option(
    "--text-case",
    type=click.Choice(["keep", "lower", "upper"]),
    default="keep",
    show_default=True,
    help="Turn the texts into the case that your recogniser's tokens have.",
)
@text_field_option
@shared_options
def command(
    kit: Path,
    format: str,  # noqa: A002 - the name that settings files use
    out: Path,
    append_to: Path | None,
    root: str | None,
    seed: int,
    text_case: Case,
    text_field: str | None,
    output: Output,
) -> None:
    """Write the inserted canaries of KIT, each as often as designed, as a training manifest with its audio.

    \b
    memaudit export KIT --format nemo --out CANARIES
    memaudit export KIT --format nemo --out MERGED --append-to train.json --seed 7

    Formats repeat a canary as they can: nemo and fairseq by a repeated line; kaldi, lhotse, speechbrain and
    wenet by a new key for the same file; hf-audiofolder, parquet and webdataset by the audio again.
    """
    chosen = manifest_format(format)
    opened = open_kit(kit)
    made = export_kit(
        opened,
        chosen,
        out,
        append_to=append_to,
        root=root,
        seed=seed,
        case=text_case,
        text_field=text_field,
    )
    output.show(_summary(made, chosen.name, append_to))
    for note in made.notes:
        output.note(note)
    if append_to is not None:
        output.note(f"Relative paths in the lines of {append_to} are as they were: mind where the copy lies.")
    output.note(f"After training: memaudit check-injection {kit} --format {chosen.name} --manifest ...")
    output.document(
        {
            "out": str(made.out),
            "format": chosen.name,
            "appended_to": None if append_to is None else str(append_to),
            "files": list(made.files),
            "canaries": made.canaries,
            "copies": made.copies,
            "seconds": made.seconds,
            "notes": list(made.notes),
        }
    )


def _summary(made: Exported, name: str, append_to: Path | None) -> Table:
    """What was written, for people."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("format", name)
    table.add_row("folder", str(made.out))
    table.add_row("files", ", ".join(file for file in made.files if not file.startswith("audio/")))
    if append_to is not None:
        table.add_row("merged with", str(append_to))
    table.add_row("canaries", f"{made.canaries}, {made.copies} copies, {made.seconds / 60:.1f} minutes")
    return table
