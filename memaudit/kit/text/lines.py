"""Style ``file``: lines of the user's own."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from memaudit.errors import RecipeError
from memaudit.kit.corpus import read_texts
from memaudit.kit.plain import plain
from memaudit.kit.recipe import Recipe
from memaudit.reading import is_file

#: The most characters that a line may have.
LONGEST_LINE = 1000


@dataclass(frozen=True)
class LineSource:
    """Lines drawn uniformly from those with the same number of words: log2(their number) bits.

    A kit may use them all, and draws none twice.
    """

    lines: Mapping[int, tuple[str, ...]]

    @property
    def alphabet(self) -> int:
        """How many lines there are."""
        return sum(self.supply.values())

    @property
    def lengths(self) -> tuple[int, ...]:
        """The numbers of words that lines have."""
        return tuple(self.lines)

    @cached_property
    def supply(self) -> dict[int, int]:
        """Number of words -> lines that have it."""
        return {words: len(found) for words, found in self.lines.items()}

    def draw(self, generator: np.random.Generator, words: int) -> str:
        """One of the lines of ``words`` words."""
        return self.lines[words][int(generator.integers(self.supply[words]))]

    def bits(self, words: int) -> float:
        """log2 of the number of lines of ``words`` words."""
        return math.log2(self.supply[words])

    def count(self, words: int) -> int:
        """The number of lines of ``words`` words."""
        return self.supply[words]

    def spoken(self, text: str) -> str:
        """The line itself."""
        return text

    def fixed(self, text: str) -> frozenset[int]:  # noqa: ARG002
        """None: the line was drawn as a whole."""
        return frozenset()


def lines_of(recipe: Recipe) -> LineSource:
    """The lines of the recipe's file: plain text, or JSON lines with ``text``.

    Raises:
        RecipeError: if it cannot be read, or a line is there twice, too long, or nothing that can be said.
    """
    path = recipe.path_of(recipe.text.file or "")
    if not is_file(path):
        raise RecipeError(
            "there is no such file, neither beside the recipe nor in this folder",
            where=recipe.place("text.file"),
            how="give a file with a text a line, or JSON lines with a text each",
        )
    found: dict[int, list[str]] = {}
    seen: dict[str, int] = {}
    for number, text in read_texts(path):
        line = unicodedata.normalize("NFC", " ".join(text.split()))
        _check(line, f"{path}:{number}")
        key = plain(line)
        if key in seen:
            raise RecipeError(
                f"{line!r} is there twice, first in line {seen[key]}",
                where=f"{path}:{number}",
                how="remove one",
            )
        seen[key] = number
        found.setdefault(len(line.split()), []).append(line)
    if len(seen) < 2:
        raise RecipeError("has fewer than two lines", where=str(path), how="give a longer file")
    return LineSource({words: tuple(found[words]) for words in sorted(found)})


def _check(line: str, where: str) -> None:
    if len(line) > LONGEST_LINE:
        raise RecipeError(
            f"a line of {len(line)} characters is too long",
            where=where,
            how=f"give lines of at most {LONGEST_LINE} characters",
        )
    if not plain(line) or not line.isprintable():
        raise RecipeError(f"{line!r} is nothing to be said", where=where, how="write words, one text a line")
