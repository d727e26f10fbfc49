"""`memaudit make-kit`: a canary kit from a recipe."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from memaudit.cli.common import Output, shared_options
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit


@click.command()
@click.argument("kit", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    default="routine",
    show_default=True,
    metavar="NAME or FILE",
    help="A packaged recipe (see memaudit kits) or a TOML file.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Fixes everything random. Whoever knows it knows the assignment; by default a secret one is drawn.",
)
@click.option(
    "--set",
    "set",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a field of the recipe, such as design.pairs_per_cell=40; may be given again.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that speak at a time."
)
@click.option("--force", is_flag=True, help="Replace the kit that is in KIT.")
@shared_options
def command(
    kit: Path,
    recipe: str,
    seed: int | None,
    set: tuple[str, ...],  # noqa: A002 - the name that settings files use
    jobs: int,
    force: bool,
    output: Output,
) -> None:
    """Make a canary kit in the folder KIT, before training.

    \b
    memaudit make-kit KIT
    memaudit make-kit KIT --recipe paper --set design.controls=30 --jobs 2

    Give KIT/train to the people who train, keep KIT/audit back, and publish the commitment before training
    starts: it proves later that the assignment was not chosen after the fact.
    """
    chosen = load_recipe(recipe, set)
    with output.progress("Speaking") as progress:
        made = make_kit(chosen, kit, seed=seed, jobs=jobs, force=force, progress=progress)
    output.show(summary(made))
    output.show(f"commitment {made.commitment}")
    output.note(f"Give {kit / 'train'} to the people who train; keep {kit / 'audit'} back.")
    output.note("Publish the commitment before training starts.")
    output.document(document(made))


def summary(kit: Kit) -> Table:
    """The figures of a kit, for people."""
    info = kit.info
    unit = "pairs" if info.recipe.design.assignment == "pairs" else "coins"
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("kit", str(kit.root))
    table.add_row("recipe", info.name)
    table.add_row(
        "canaries",
        f"{info.counts.inserted} inserted, {info.counts.held_out} held out, {info.counts.controls} controls",
    )
    table.add_row("drawn by", f"{info.counts.coins} {unit}; {info.counts.reserve} held out in reserve")
    table.add_row(
        "audio to train on",
        f"{info.counts.copies} copies, {info.seconds.copies / 60:.1f} minutes "
        f"({info.seconds.inserted / 60:.1f} without repetitions)",
    )
    table.add_row(
        "entropy of a text",
        f"{info.entropy.least_bits:.1f} to {info.entropy.most_bits:.1f} bits "
        f"(each word one of {info.entropy.alphabet})",
    )
    return table


def document(kit: Kit) -> dict[str, object]:
    """The figures of a kit, for machines."""
    return {
        "kit": str(kit.root),
        "name": kit.info.name,
        "commitment": kit.commitment,
        "counts": kit.info.counts.model_dump(),
        "seconds": kit.info.seconds.model_dump(),
        "entropy": kit.info.entropy.model_dump(),
    }
