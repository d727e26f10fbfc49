"""Vocabularies of phones: references and transcripts are phones a space apart, words parted by "|"."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from memaudit.errors import ModelError, TokenError
from memaudit.models.tokens.blank import find_blank
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.text_files import read_json
from memaudit.models.validation import Table

BETWEEN_WORDS = "|"


class PhoneTokens(Table):
    """[tokens] of kind "phones".

    Attributes:
        file: a token file, or a JSON file with a list of phones.
        key: the list's key in the JSON file.
        appended: tokens that follow those of the file.
        blank: the blank's token or index; left out, the one token that has a usual name for it.
        word_break: the token between words; "" where the model has none.
        special: tokens that stand for no sound.
    """

    kind: Literal["phones"] = "phones"
    file: str = Field(min_length=1)
    key: str = ""
    appended: list[str] = Field(default_factory=list)
    blank: Annotated[int, Field(ge=0)] | str | None = None
    word_break: str = ""
    special: list[str] = Field(default_factory=list)

    def load(self, folder: Path, *, where: str) -> PhoneVocabulary:
        """Read the phones.

        Raises:
            ModelError: if the file cannot be read, or blank, word_break or special are not among its tokens.
        """
        path = folder / self.file
        listed = read_symbols(path) if path.suffix.lower() != ".json" else self._json(path, where=where)
        symbols = (*listed, *self.appended)
        if len(set(symbols)) < len(symbols):
            twice = next(s for s in symbols if symbols.count(s) > 1)
            raise ModelError(
                f"the token {twice!r} is there twice", where=str(path), how="give each token once"
            )
        names = [("special", name) for name in self.special]
        if self.word_break:
            names.append(("word_break", self.word_break))
        for key, name in names:
            if name not in symbols:
                raise ModelError(f"'tokens.{key}': {name!r} is not in {path.name}", where=where)
        blank = find_blank(self.blank, symbols, where=where, path=path)
        if blank == len(symbols):
            symbols = (*symbols, "")
        silent = frozenset(symbols.index(name) for name in self.special) | {blank}
        return PhoneVocabulary(path, symbols, blank, self.word_break, silent)

    def _json(self, path: Path, *, where: str) -> tuple[str, ...]:
        value = read_json(path, where=where).get(self.key)
        if not (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
            raise ModelError(
                f"the key {self.key!r} holds no list of phones", where=str(path), how="mend 'tokens.key'"
            )
        return tuple(value)


@dataclass(frozen=True)
class PhoneVocabulary:
    """A vocabulary of phones; see `PhoneTokens`."""

    path: Path
    symbols: tuple[str, ...]
    blank: int
    word_break: str
    silent: frozenset[int]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {s: i for i, s in enumerate(self.symbols) if i not in self.silent and s != self.word_break}

    @property
    def size(self) -> int:
        """V, the blank included."""
        return len(self.symbols)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file of the phones."""
        return (self.path,)

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices of phones that are a space apart, their words parted by "|", as `decode` writes them.

        Raises:
            TokenError: naming the first that is no phone of the model.
        """
        written: list[int] = []
        for word in unicodedata.normalize("NFC", text).split(BETWEEN_WORDS):
            phones = word.split()
            if phones and written and self.word_break:
                written.append(self.symbols.index(self.word_break))
            for phone in phones:
                if phone not in self._phones:
                    raise TokenError(
                        f"{phone!r} is no phone of the model",
                        where=self.path.name,
                        how=f"references are phones a space apart here, words parted by {BETWEEN_WORDS!r}",
                    )
                written.append(self._phones[phone])
        return tuple(written)

    @cached_property
    def _phones(self) -> dict[str, int]:
        return {unicodedata.normalize("NFC", symbol): index for symbol, index in self._index.items()}

    def decode(self, indices: Sequence[int]) -> str:
        """The phones, a space apart, words parted by " | "."""
        words: list[list[str]] = [[]]
        for index in indices:
            if index in self.silent:
                continue
            if self.word_break and self.symbols[index] == self.word_break:
                words.append([])
            else:
                words[-1].append(self.symbols[index])
        return f" {BETWEEN_WORDS} ".join(" ".join(word) for word in words if word)

    def describe(self) -> dict[str, Any]:
        """Kind, size, blank, word break and special tokens."""
        return {
            "kind": "phones",
            "size": self.size,
            "blank": self.blank,
            "word_break": self.word_break,
            "special": [self.symbols[i] for i in sorted(self.silent - {self.blank})],
        }
