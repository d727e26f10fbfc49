"""Style ``digits``: digits, spoken and written as words.

Written as words, since the tokens of many recognisers hold no figures, and since it is what is said.
"""

from __future__ import annotations

from memaudit.kit.language import language_of
from memaudit.kit.recipe import Recipe
from memaudit.kit.text.words import WordSource


def digits_of(recipe: Recipe) -> WordSource:
    """The ten digits in the recipe's language: log2(10) bits each.

    Raises:
        RecipeError: if they are not known in that language.
    """
    language = language_of(recipe.text.language, recipe.place("text.language"), 'another text.style, "words"')
    return WordSource(language.digits, recipe.text.lengths)
