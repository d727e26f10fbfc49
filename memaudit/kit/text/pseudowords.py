"""Style ``pseudowords``: pronounceable words that no language model knows."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.language import language_of
from memaudit.kit.recipe import Recipe
from memaudit.kit.text.source import Items


@dataclass(frozen=True)
class PseudowordSource(Items):
    """Words of open syllables, each drawn uniformly: ``per_word`` * log2(number of syllables) bits a word."""

    syllables: tuple[str, ...]
    per_word: int
    lengths: tuple[int, ...] = ()

    @property
    def alphabet(self) -> int:
        """Syllables to the power of how many a word has."""
        return int(len(self.syllables) ** self.per_word)

    def item(self, number: int) -> str:
        """The word whose syllables are the digits of ``number``."""
        word = ""
        for _ in range(self.per_word):
            number, place = divmod(number, len(self.syllables))
            word = self.syllables[place] + word
        return word


def pseudowords_of(recipe: Recipe) -> PseudowordSource:
    """Pseudowords in the sounds of the recipe's language.

    Raises:
        RecipeError: if these are not known.
    """
    language = language_of(recipe.text.language, recipe.place("text.language"), 'another text.style, "words"')
    syllables = tuple(onset + vowel for onset in language.onsets for vowel in language.vowels)
    return PseudowordSource(syllables, recipe.text.syllables, recipe.text.lengths)
