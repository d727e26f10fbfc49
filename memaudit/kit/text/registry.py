"""Which styles there are."""

from __future__ import annotations

from collections.abc import Callable

from memaudit.kit.recipe import Recipe
from memaudit.kit.text.digits import digits_of
from memaudit.kit.text.letters import letters_of
from memaudit.kit.text.lines import lines_of
from memaudit.kit.text.pattern import pattern_of
from memaudit.kit.text.pseudowords import pseudowords_of
from memaudit.kit.text.source import TextSource
from memaudit.kit.text.words import words_of

#: Name of a style in a recipe -> its source.
STYLES: dict[str, Callable[[Recipe], TextSource]] = {
    "words": words_of,
    "letters": letters_of,
    "digits": digits_of,
    "pseudowords": pseudowords_of,
    "pattern": pattern_of,
    "file": lines_of,
}


def text_source(recipe: Recipe) -> TextSource:
    """The source of the recipe's style.

    Raises:
        RecipeError: if its word list, language, pattern or file cannot be used.
    """
    return STYLES[recipe.text.style](recipe)
