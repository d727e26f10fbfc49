"""Style ``pattern``: fixed words with secret slots, such as ``my code is {digit} {digit} {word}``.

Only the slots are secret, so only they count as entropy.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from math import fsum, prod

import numpy as np

from memaudit.errors import RecipeError
from memaudit.kit.recipe import Recipe
from memaudit.kit.text.digits import digits_of
from memaudit.kit.text.letters import LetterSource, letters_of
from memaudit.kit.text.pseudowords import pseudowords_of
from memaudit.kit.text.source import Items
from memaudit.kit.text.words import words_of
from memaudit.kit.wordlists import is_plain

#: What may stand in braces, and what is drawn for it.
SLOTS: dict[str, Callable[[Recipe], Items]] = {
    "digit": digits_of,
    "letter": letters_of,
    "pseudoword": pseudowords_of,
    "word": words_of,
}


@dataclass(frozen=True)
class Pattern:
    """Fixed words and slots, each of one word."""

    parts: tuple[str | Items, ...]

    @property
    def slots(self) -> tuple[Items, ...]:
        """What is drawn for each slot, in their order."""
        return tuple(part for part in self.parts if not isinstance(part, str))

    @property
    def bits(self) -> float:
        """Entropy in bits of the slots together."""
        return fsum(slot.bits(1) for slot in self.slots)

    @property
    def count(self) -> int:
        """How many different texts it makes."""
        return prod(slot.alphabet for slot in self.slots)

    def draw(self, generator: np.random.Generator) -> str:
        """The text with every slot drawn."""
        return " ".join(part if isinstance(part, str) else part.draw(generator, 1) for part in self.parts)

    def fits(self, text: str) -> bool:
        """Whether ``text`` has this pattern's fixed words where it has them."""
        words = text.split()
        return len(words) == len(self.parts) and all(
            not isinstance(part, str) or part == word for part, word in zip(self.parts, words, strict=True)
        )

    def spoken(self, text: str) -> str:
        """``text`` with its spelled letters set off by commas."""
        said = ""
        spelled = False
        for part, word in zip(self.parts, text.split(), strict=True):
            letter = isinstance(part, LetterSource)
            said += ("," if letter or spelled else "") + " " + (word.upper() if letter else word)
            spelled = letter
        return said.lstrip(", ")


@dataclass(frozen=True)
class PatternSource:
    """One or more patterns; those of one number of words are equally likely, which is no secret."""

    patterns: tuple[Pattern, ...]

    @property
    def alphabet(self) -> None:
        """Slots differ."""
        return

    @property
    def supply(self) -> None:
        """Random texts don't run out."""
        return

    @property
    def lengths(self) -> tuple[int, ...]:
        """The numbers of words of the patterns."""
        return tuple(sorted({len(pattern.parts) for pattern in self.patterns}))

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """A text of one of the patterns of ``words`` words."""
        chosen = self._of(words)
        return chosen[int(generator.integers(len(chosen)))].draw(generator)

    def bits(self, words: int) -> float:
        """The least entropy in bits of the slots of a pattern of ``words`` words."""
        return min(pattern.bits for pattern in self._of(words))

    def count(self, words: int) -> int:
        """Texts of the pattern that makes the fewest, times the number of patterns."""
        chosen = self._of(words)
        return min(pattern.count for pattern in chosen) * len(chosen)

    def spoken(self, text: str) -> str:
        """The text with its spelled letters set off by commas."""
        return next(pattern.spoken(text) for pattern in self.patterns if pattern.fits(text))

    def fixed(self, text: str) -> frozenset[int]:
        """The places of the words of ``text`` that are no secret."""
        pattern = next(pattern for pattern in self.patterns if pattern.fits(text))
        return frozenset(place for place, part in enumerate(pattern.parts) if isinstance(part, str))

    def _of(self, words: int) -> list[Pattern]:
        return [pattern for pattern in self.patterns if len(pattern.parts) == words]


def pattern_of(recipe: Recipe) -> PatternSource:
    """The recipe's patterns.

    Raises:
        RecipeError: if one has no slot, an unknown slot or a word that is not plain, or if a slot's items
            cannot be had.
    """
    where = recipe.place("text.pattern")
    return PatternSource(tuple(_parsed(text, recipe, where) for text in recipe.text.pattern or ()))


def _parsed(text: str, recipe: Recipe, where: str) -> Pattern:
    parts: list[str | Items] = []
    for token in text.split():
        if token.startswith("{") and token.endswith("}"):
            if token[1:-1] not in SLOTS:
                near = difflib.get_close_matches(token[1:-1], SLOTS, n=2) or sorted(SLOTS)
                raise RecipeError(
                    f"there is no slot {token}",
                    where=where,
                    how="use " + " or ".join(f"{{{name}}}" for name in near),
                )
            parts.append(SLOTS[token[1:-1]](recipe))
        elif is_plain(token):
            parts.append(token)
        else:
            raise RecipeError(
                f"{token!r} is neither a plain word nor a slot",
                where=where,
                how="write lower-case words without punctuation, and slots such as {digit} between spaces",
            )
    pattern = Pattern(tuple(parts))
    if not pattern.slots:
        raise RecipeError(
            f"{text!r} has no secret slot", where=where, how="add one, such as {digit}, {letter} or {word}"
        )
    return pattern
