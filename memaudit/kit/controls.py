"""Controls: what any working recogniser reads, spoken at speed 1 and never inserted."""

from __future__ import annotations

from collections.abc import Container, Mapping

from memaudit.errors import RecipeError
from memaudit.kit.apportion import apportion
from memaudit.kit.language import language_of
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import stream
from memaudit.kit.text import TextSource, draw_texts


def control_texts(recipe: Recipe, source: TextSource, seed: int, taken: Container[str]) -> list[str]:
    """Different texts for the recipe's controls, none of them in ``taken``.

    Raises:
        RecipeError: if there are not that many sentences, or none in the recipe's language.
    """
    count = recipe.design.controls
    if not count:
        return []
    if recipe.text.control_style == "recipe":
        lengths = control_lengths(recipe, source.supply) or [
            source.lengths[number % len(source.lengths)] for number in range(count)
        ]
        return draw_texts(source, lengths, seed, "control", taken)
    how = 'use text.control_style = "recipe", or design.controls = 0'
    known = language_of(recipe.text.language, recipe.place("text.language"), how).sentences
    if count > len(known):
        raise RecipeError(
            f"{count} controls are more than the {len(known)} packaged sentences in {recipe.text.language!r}",
            where=recipe.place("design.controls"),
            how='ask for fewer, or use text.control_style = "recipe"',
        )
    order = stream(seed, "control").permutation(len(known))[:count]
    return [known[number] for number in order]


def control_lengths(recipe: Recipe, supply: Mapping[int, int] | None) -> list[int]:
    """The numbers of words of controls that are drawn from a limited supply of texts; else none."""
    if supply is None or recipe.text.control_style != "recipe":
        return []
    shares = apportion(recipe.design.controls, list(supply.values()))
    return [words for words, share in zip(supply, shares, strict=True) for _ in range(share)]
