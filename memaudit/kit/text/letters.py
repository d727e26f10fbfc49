"""Style ``letters``: a text is spelled, letter by letter."""

from __future__ import annotations

from memaudit.kit.language import language_of
from memaudit.kit.recipe import Recipe
from memaudit.kit.text.words import WordSource


class LetterSource(WordSource):
    """Single letters with spaces between, as recognisers write what is spelled to them."""

    def spoken(self, text: str) -> str:
        """Capitals with commas between: engines say the names of these, and no short words such as a."""
        return ", ".join(text.upper().split())


def letters_of(recipe: Recipe) -> LetterSource:
    """The letters of the recipe's language whose names differ when they are spoken.

    Raises:
        RecipeError: if they are not known in that language.
    """
    language = language_of(recipe.text.language, recipe.place("text.language"), 'another text.style, "words"')
    return LetterSource(language.letters, recipe.text.lengths)
