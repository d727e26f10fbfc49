"""Vocabularies of whole words or of single characters, read from a token file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from memaudit.errors import ModelError, TokenError
from memaudit.models.tokens.blank import find_blank
from memaudit.models.tokens.case import Case, cased
from memaudit.models.tokens.files import read_symbols
from memaudit.models.validation import Table


class LineTokens(Table):
    """[tokens] of kind "lines".

    Attributes:
        file: the token file, relative to the model.toml.
        style: "word": a token is a word; "char": a token is a character.
        blank: the blank's token or index; an index one past the file's last token adds a blank there. Left
            out: the one token of the file that has a usual name for it.
        word_separator: the token between words, style "char" only; "" where the model writes no spaces.
            Left out: a space, or "|", whichever is in the file.
        case: what is done to a reference before it is written in tokens.
        special: further tokens that stand for no text, such as "<s>".
    """

    kind: Literal["lines"] = "lines"
    file: str = Field("tokens.txt", min_length=1)
    style: Literal["word", "char"]
    blank: Annotated[int, Field(ge=0)] | str | None = None
    word_separator: str | None = None
    case: Case = "keep"
    special: list[str] = Field(default_factory=list)

    def load(self, folder: Path, *, where: str) -> LineVocabulary:
        """Read the token file.

        Raises:
            ModelError: if it cannot be read, or blank, word_separator or special are not in it.
        """
        path = folder / self.file
        symbols = read_symbols(path)
        blank = find_blank(self.blank, symbols, where=where, path=path)
        if blank == len(symbols):
            symbols = (*symbols, "")
        for name in self.special:
            if name not in symbols:
                raise ModelError(f"'tokens.special': {name!r} is not in {path.name}", where=where)
        separator = self._separator(symbols, where=where, path=path)
        silent = frozenset(symbols.index(name) for name in self.special) | {blank}
        return LineVocabulary(self, path, symbols, blank, separator, silent)

    def _separator(self, symbols: tuple[str, ...], *, where: str, path: Path) -> str:
        if self.style == "word":
            if self.word_separator is not None:
                raise ModelError("'tokens.word_separator' has no use in style \"word\"", where=where)
            return ""
        if self.word_separator is not None:
            if self.word_separator and self.word_separator not in symbols:
                raise ModelError(
                    f"'tokens.word_separator': {self.word_separator!r} is not in {path.name}", where=where
                )
            return self.word_separator
        found = [name for name in (" ", "|") if name in symbols]
        if len(found) != 1:
            raise ModelError(
                f"'tokens.word_separator' is not given and {path.name} has {'both' if found else 'neither'} "
                f"a space {'and' if found else 'nor'} '|'",
                where=where,
                how='set it to the token between words, or to "" where the model writes no spaces',
            )
        return found[0]


@dataclass(frozen=True)
class LineVocabulary:
    """A vocabulary of words or characters; see `LineTokens`."""

    table: LineTokens
    path: Path
    symbols: tuple[str, ...]
    blank: int
    separator: str
    silent: frozenset[int]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols) if i not in self.silent}

    @property
    def size(self) -> int:
        """V, the blank included."""
        return len(self.symbols)

    @property
    def files(self) -> tuple[Path, ...]:
        """The token file."""
        return (self.path,)

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices that spell ``text``, NFC and cased as the table says; whitespace only parts words.

        Raises:
            TokenError: naming the first word that the tokens cannot write.
        """
        index = self._index
        words = cased(unicodedata.normalize("NFC", text), self.table.case).split()
        written: list[int] = []
        for position, word in enumerate(words):
            units: Iterable[str] = (word,) if self.table.style == "word" else word
            if position and self.separator:
                written.append(index[self.separator])
            for unit in units:
                if unit not in index or unit == self.separator:
                    raise self._unwritable(word, unit)
                written.append(index[unit])
        return tuple(written)

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell, words one space apart."""
        parts = [self.symbols[i] for i in indices if i not in self.silent]
        if self.table.style == "word":
            return " ".join(parts)
        text = "".join(" " if part == self.separator else part for part in parts)
        return " ".join(text.split())

    def describe(self) -> dict[str, Any]:
        """Kind, style, size, blank, separator, case and special tokens."""
        return {
            "kind": self.table.kind,
            "style": self.table.style,
            "size": self.size,
            "blank": self.blank,
            "word_separator": self.separator,
            "case": self.table.case,
            "special": list(self.table.special),
        }

    def _unwritable(self, word: str, unit: str) -> TokenError:
        what = f"the word {word!r} is" if unit == word else f"{unit!r} of the word {word!r} is"
        hint = "texts of the kit must be written in the tokens of the model"
        if self.table.case == "keep" and self._index.keys() & {unit.upper(), unit.lower()}:
            hint = "it is there in another case: set 'tokens.case' in model.toml"
        return TokenError(f"{what} not among the model's tokens", where=self.path.name, how=hint)
