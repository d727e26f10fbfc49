"""`memaudit kits`: the packaged recipes."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from memaudit.cli.common import Output, shared_options
from memaudit.kit.control_speech import control_speech
from memaudit.kit.estimate import copies_seconds
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.recipe import Recipe, load_recipe
from memaudit.kit.speakers import hibari
from memaudit.kit.text import text_source
from memaudit.stats.epsilon import one_run_epsilon


@click.command()
@shared_options
def command(output: Output) -> None:
    """List the packaged recipes.

    \b
    memaudit kits
    memaudit make-kit KIT --recipe paper

    "in + out": inserted and held-out canaries, at all speeds together. "minutes": about how much audio the
    copies add to a training set. "epsilon": the highest lower bound that one cell could show, with all
    copies of a canary taken together, every guess right and 95 % confidence. --json tells more.
    """
    rows = [_row(load_recipe(name)) for name in packaged_recipes()]
    table = Table(box=None, pad_edge=False)
    table.add_column("recipe", no_wrap=True)
    for heading in ("in + out", "minutes", "epsilon"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what for")
    for row in rows:
        canaries = f"{row['inserted']} + {row['held_out']}"
        figures = (f"{row['minutes']:.0f}", f"{row['epsilon_ceiling']:.2f}")
        table.add_row(row["name"], canaries, *figures, row["description"])
    output.show(table)
    output.note(_of_controls())
    output.document({"recipes": rows})


def _of_controls() -> str:
    """Who speaks the controls of the recipes in English."""
    if hibari.installed():
        return "English controls are spoken by hibari, which is installed."
    get = f"pip install 'memaudit-asr[{hibari.EXTRA}]'"
    return f"English controls are spoken by espeak-ng; for a clearer voice: {get}"


def _row(recipe: Recipe) -> dict[str, Any]:
    """What a recipe makes; with coins, the counts of the middle outcome."""
    design, speeds = recipe.design, len(recipe.speed.factors)
    guesses = design.pairs_per_cell * (1 if design.assignment == "pairs" else 2)
    return {
        "name": recipe.name,
        "language": recipe.text.language,
        "inserted": design.pairs * speeds,
        "copies": sum(design.repetitions) * design.pairs_per_cell * speeds,
        "minutes": round(copies_seconds(recipe, text_source(recipe)) / 60, 1),
        "held_out": (design.pairs + design.reserve) * speeds,
        "controls": design.controls,
        "controls_engine": control_speech(recipe).engine,
        "epsilon_ceiling": round(one_run_epsilon(guesses, guesses), 3),
        "speeds": list(recipe.speed.factors),
        "description": recipe.description,
    }
