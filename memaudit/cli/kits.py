"""`memaudit kits`: the packaged recipes."""

from __future__ import annotations

import click
from rich.table import Table

from memaudit.cli.common import Output, shared_options
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.recipe import Recipe, load_recipe


@click.command()
@shared_options
def command(output: Output) -> None:
    """List the packaged recipes.

    \b
    memaudit kits
    memaudit make-kit KIT --recipe paper
    """
    recipes = [load_recipe(name) for name in packaged_recipes()]
    table = Table(box=None, pad_edge=False)
    for heading in ("recipe", "inserted", "copies", "held out", "controls", "speeds", "what for"):
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left")
    for recipe in recipes:
        sizes = _sizes(recipe)
        speeds = ", ".join(f"{factor:g}" for factor in recipe.speed.factors)
        numbers = (str(sizes[name]) for name in ("inserted", "copies", "held_out", "controls"))
        table.add_row(recipe.name, *numbers, speeds, recipe.description)
    output.show(table)
    output.document(
        {
            "recipes": [
                {"name": recipe.name, "description": recipe.description, **_sizes(recipe)}
                | {"speeds": list(recipe.speed.factors)}
                for recipe in recipes
            ]
        }
    )


_NUMBERS = {"inserted", "copies", "held out", "controls"}


def _sizes(recipe: Recipe) -> dict[str, int]:
    """How many utterances a recipe makes; with coins, those of the middle outcome."""
    design, speeds = recipe.design, len(recipe.speed.factors)
    return {
        "inserted": design.pairs * speeds,
        "copies": sum(design.repetitions) * design.pairs_per_cell * speeds,
        "held_out": (design.pairs + design.reserve) * speeds,
        "controls": design.controls,
    }
