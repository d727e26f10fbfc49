"""What every style of text gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol

import numpy as np


class TextSource(Protocol):
    """One style of text. Texts of one number of words are alike before anything is drawn."""

    @property
    def alphabet(self) -> int | None:
        """From how many equally likely items each item is drawn; None where that differs within a text."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """The numbers of words that its texts may have, ascending."""

    @property
    def supply(self) -> Mapping[int, int] | None:
        """Number of words -> texts of it, where they are so few that a kit may take them all; else None."""

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """One text of ``words`` words."""

    def bits(self, words: int) -> float:
        """Entropy in bits of a text of ``words`` words, their number being known; the least, if it varies."""

    def count(self, words: int) -> int:
        """How many different texts of ``words`` words there are; at least, if that is not known."""

    def spoken(self, text: str) -> str:
        """What a speech engine is given so that it says ``text``."""

    def fixed(self, text: str) -> frozenset[int]:
        """The places of the words of ``text`` that are the same in other texts, and so no secret."""


class Items(ABC):
    """Texts of items that are drawn independently and uniformly: log2(alphabet) bits each."""

    lengths: tuple[int, ...]

    @property
    @abstractmethod
    def alphabet(self) -> int:
        """How many items there are."""

    @abstractmethod
    def item(self, number: int) -> str:
        """The item of that number, from 0 to below `alphabet`: one word."""

    @property
    def supply(self) -> None:
        """Random texts don't run out."""
        return

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """``words`` items with single spaces between."""
        return " ".join(self.item(int(number)) for number in generator.integers(self.alphabet, size=words))

    def bits(self, words: int) -> float:
        """``words`` * log2(alphabet)."""
        return float(words * np.log2(self.alphabet))

    def count(self, words: int) -> int:
        """alphabet ** words."""
        return int(self.alphabet**words)

    def spoken(self, text: str) -> str:
        """The text itself."""
        return text

    def fixed(self, text: str) -> frozenset[int]:  # noqa: ARG002
        """None: every word was drawn."""
        return frozenset()
