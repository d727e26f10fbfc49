"""Vocabularies of sub-words with their own library: what the kinds of file have in common."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from memaudit.errors import TokenError
from memaudit.models.validation import Table


class SubwordTable(Table):
    """What every [tokens] table of sub-words may say.

    Attributes:
        case: what is done to a reference before it is written in tokens.
        leading_space: whether a space is written before the first word of a reference, as OpenAI's Whisper
            models do and models fine-tuned with transformers do not. Left out: as the model itself does.
    """

    kind: str
    case: Literal["keep", "lower", "upper"] = "keep"
    leading_space: bool | None = None


class Codec(Protocol):
    """A tokenizer library behind one vocabulary."""

    def encode(self, text: str) -> tuple[tuple[int, ...], bool]:
        """The indices that spell ``text``, and whether they spell all of it."""
        ...

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell, none of them silent."""
        ...

    def symbol(self, index: int) -> str | None:
        """A token as text, a space at its start as a space; None for indices without one."""
        ...

    def index(self, name: str) -> int | None:
        """The index of a special token by its name, such as "<|en|>"; None where there is none."""
        ...

    def name(self, index: int) -> str | None:
        """The name of a special token; None where there is none."""
        ...


@dataclass(frozen=True)
class SubwordVocabulary:
    """A vocabulary of sub-words without a blank.

    Attributes:
        table: the [tokens] table.
        paths: the files that it was read from.
        codec: the library that reads and writes it.
        size: V, one more than the largest index.
        silent: tokens that write nothing: special ones.
    """

    table: SubwordTable
    paths: tuple[Path, ...]
    codec: Codec
    size: int
    silent: frozenset[int]

    @property
    def blank(self) -> None:
        """None: attention models have no blank."""
        return

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it was read from."""
        return self.paths

    @property
    def leading_space(self) -> bool | None:
        """Whether references are written with a space before the first word; None: not known yet."""
        return self.table.leading_space

    def with_leading_space(self, *, value: bool) -> SubwordVocabulary:
        """The same vocabulary with ``leading_space`` known."""
        return replace(self, table=self.table.model_copy(update={"leading_space": value}))

    def index(self, name: str) -> int | None:
        """The index of a special token by its name; None where the vocabulary has none."""
        return self.codec.index(name)

    def first_pieces(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The tokens that may begin a text: those with a space first, and those with a letter or digit."""
        spaced, bare = [], []
        for index in range(self.size):
            symbol = self.codec.symbol(index)
            if index in self.silent or not symbol:
                continue
            if symbol[0] == " " and symbol[1:2].isalnum():
                spaced.append(index)
            elif symbol[0].isalnum():
                bare.append(index)
        return tuple(spaced), tuple(bare)

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices that spell ``text``, NFC and cased as the table says, words one space apart.

        Raises:
            TokenError: naming the first word that the tokens cannot write.
        """
        words = unicodedata.normalize("NFC", text).split()
        if self.table.case != "keep":
            words = [word.lower() if self.table.case == "lower" else word.upper() for word in words]
        if not words:
            return ()
        written = (" " if self.leading_space else "") + " ".join(words)
        indices = self._written(written)
        if indices is None:
            word = next((word for word in words if self._written(word) is None), written)
            raise TokenError(
                f"the word {word!r} cannot be written in the model's tokens",
                where=self.paths[0].name,
                how="texts of the kit must be written in the tokens of the model",
            )
        return indices

    def _written(self, text: str) -> tuple[int, ...] | None:
        """The indices that spell all of ``text``; None: there are none."""
        indices, whole = self.codec.encode(text)
        return indices if whole and self.silent.isdisjoint(indices) else None

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell; special tokens and indices past the last token write nothing."""
        return self.codec.decode([i for i in indices if i < self.size and i not in self.silent])

    def describe(self) -> dict[str, Any]:
        """Kind, size, case, leading space and the number of special tokens."""
        return {
            "kind": self.table.kind,
            "size": self.size,
            "case": self.table.case,
            "leading_space": self.leading_space,
            "special": len(self.silent),
        }
