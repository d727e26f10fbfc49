"""Style ``words``: words of a list."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.recipe import Recipe
from memaudit.kit.text.source import Items
from memaudit.kit.wordlists import wordlist_of


@dataclass(frozen=True)
class WordSource(Items):
    """Words drawn independently and uniformly from a list: log2(size) bits each."""

    words: tuple[str, ...]
    lengths: tuple[int, ...] = ()

    @property
    def alphabet(self) -> int:
        """The size of the list."""
        return len(self.words)

    def item(self, number: int) -> str:
        """The word in that place of the list."""
        return self.words[number]


def words_of(recipe: Recipe) -> WordSource:
    """The words of the recipe's list.

    Raises:
        RecipeError: if the list cannot be used, or is one of another language.
    """
    return WordSource(wordlist_of(recipe), recipe.text.lengths)
