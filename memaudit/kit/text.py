"""Random texts of known entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from memaudit.errors import RecipeError
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import stream
from memaudit.kit.wordlists import load_wordlist

#: The texts of a kit may be at most this share of all that there are, so that chance repeats are rare.
LARGEST_SHARE = 0.1


class TextSource(Protocol):
    """One style of text."""

    @property
    def alphabet(self) -> int:
        """From how many equally likely items each item of a text is drawn."""

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """One text of ``words`` items."""

    def bits(self, words: int) -> float:
        """Entropy in bits of a text of ``words`` items, their number being known."""


@dataclass(frozen=True)
class WordSource:
    """Words drawn independently and uniformly from a list: log2(size) bits each."""

    words: tuple[str, ...]

    @property
    def alphabet(self) -> int:
        """The size of the list."""
        return len(self.words)

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """``words`` words with single spaces between."""
        return " ".join(self.words[number] for number in generator.integers(len(self.words), size=words))

    def bits(self, words: int) -> float:
        """``words`` * log2(size of the list)."""
        return words * math.log2(len(self.words))


def text_source(recipe: Recipe) -> TextSource:
    """The source of the recipe's style.

    Raises:
        RecipeError: if its word list cannot be used.
    """
    return WordSource(load_wordlist(recipe.text.wordlist, recipe.folder))


def draw_texts(
    source: TextSource, lengths: Sequence[int], seed: int, name: str, taken: Set[str] = frozenset()
) -> list[str]:
    """Different texts with the given numbers of words, none of them in ``taken``.

    Each text comes from a random stream of its own, so knowing some of them tells nothing of the others.

    Raises:
        RecipeError: if there are too few texts of a length to choose from.
    """
    for words in sorted(set(lengths)):
        wanted = lengths.count(words)
        if wanted and math.log2(wanted / LARGEST_SHARE) > source.bits(words):
            raise RecipeError(
                f"{wanted} texts of {words} words are too many where there are {2 ** source.bits(words):.0f}",
                where="text.words",
                how="ask for longer texts, a larger word list or fewer canaries",
            )
    used = set(taken)
    texts = []
    for number, words in enumerate(lengths):
        generator = stream(seed, name, number)
        text = source.draw(generator, words)
        while text in used:
            text = source.draw(generator, words)
        used.add(text)
        texts.append(text)
    return texts
