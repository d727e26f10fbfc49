"""Controls: what any working recogniser reads, spoken at speed 1 and never inserted."""

from __future__ import annotations

from collections.abc import Set
from importlib.resources import files

from memaudit.errors import RecipeError
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import stream
from memaudit.kit.text import TextSource, draw_texts


def sentences() -> tuple[str, ...]:
    """The packaged ordinary English sentences, lower-case and without punctuation."""
    text = files("memaudit.kit").joinpath("data/sentences-en.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)


def control_texts(recipe: Recipe, source: TextSource, seed: int, taken: Set[str]) -> list[str]:
    """Different texts for the recipe's controls, none of them in ``taken``.

    Raises:
        RecipeError: if there are not that many sentences, or none in the recipe's language.
    """
    count = recipe.design.controls
    if recipe.text.control_style == "recipe":
        least, most = recipe.text.words
        lengths = [least + number % (most - least + 1) for number in range(count)]
        return draw_texts(source, lengths, seed, "control", taken)
    if count and recipe.text.language.split("-")[0] != "en":
        raise RecipeError(
            f"there are no packaged sentences in language {recipe.text.language!r}",
            where="text.control_style",
            how='use control_style = "recipe", or design.controls = 0',
        )
    known = sentences()
    if count > len(known):
        raise RecipeError(
            f"{count} controls are more than the {len(known)} packaged sentences",
            where="design.controls",
            how='ask for fewer, or use text.control_style = "recipe"',
        )
    order = stream(seed, "control").permutation(len(known))[:count]
    return [known[number] for number in order]
