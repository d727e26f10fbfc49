"""Vocabularies of characters in a vocab.json, as Hugging Face's Wav2Vec2CTCTokenizer keeps them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from memaudit.errors import ModelError, TokenError
from memaudit.limits import LARGEST_VOCABULARY
from memaudit.models.tokens.blank import find_blank
from memaudit.models.tokens.case import Case, case_of, cased
from memaudit.models.tokens.text_files import read_json
from memaudit.models.validation import Table

_SPECIAL = ("<s>", "</s>", "<pad>", "[PAD]")
_UNKNOWN = ("<unk>", "[UNK]")


class VocabJsonTokens(Table):
    """[tokens] of kind "vocab-json".

    Attributes:
        file: a JSON object of tokens and their indices.
        added: a further one, such as added_tokens.json; "" where there is none.
        language: which of the vocabularies, where the file holds one a language.
        size: V, where the model scores more tokens than the file has; 0: one past the greatest index.
        blank: the blank's token or index; left out, the one token that has a usual name for it.
        word_separator: the token between words; "" where the model writes no spaces.
        unknown: the token for what cannot be written; left out, the one that has a usual name.
        special: further tokens that stand for no text; left out, those that have a usual name.
        case: what is done to a reference; left out: the case of all letters of the vocabulary.
    """

    kind: Literal["vocab-json"] = "vocab-json"
    file: str = Field("vocab.json", min_length=1)
    added: str = ""
    language: str = ""
    size: int = Field(0, ge=0, le=LARGEST_VOCABULARY)
    blank: Annotated[int, Field(ge=0)] | str | None = None
    word_separator: str = "|"
    unknown: str | None = Field(None, min_length=1)
    special: list[str] | None = None
    case: Case | None = None

    def load(self, folder: Path, *, where: str) -> CharacterVocabulary:
        """Read the vocabulary.

        Raises:
            ModelError: if a file cannot be read, or blank, separator, unknown or special are not in it.
        """
        path = folder / self.file
        indices = dict(self._indices(path, where=where))
        if self.added:
            indices |= _checked(read_json(folder / self.added, where=where), folder / self.added)
        symbols = self._in_order(indices, path)
        named = [("special", name) for name in self.special or ()]
        named += [("unknown", self.unknown)] if self.unknown else []
        named += [("word_separator", self.word_separator)] if self.word_separator else []
        for key, name in named:
            if name not in indices:
                raise ModelError(f"'tokens.{key}': {name!r} is not in {path.name}", where=where)
        blank = find_blank(self.blank, symbols, where=where, path=path)
        if blank == len(symbols):
            symbols = (*symbols, "")
        unknown = self.unknown or next((name for name in _UNKNOWN if name in indices), None)
        special = self.special if self.special is not None else [name for name in _SPECIAL if name in indices]
        silent = (
            {i for i, symbol in enumerate(symbols) if not symbol}
            | {indices[name] for name in special}
            | {blank}
        )
        letters = [s for i, s in enumerate(symbols) if i not in silent and s != unknown]
        return CharacterVocabulary(
            path,
            (folder / self.added,) if self.added else (),
            symbols,
            blank,
            self.word_separator,
            unknown,
            frozenset(silent),
            self.case or case_of(letters),
            case_given=self.case is not None,
        )

    def _indices(self, path: Path, *, where: str) -> Mapping[str, int]:
        value: Any = read_json(path, where=where)
        if value and all(isinstance(part, dict) for part in value.values()):
            if self.language not in value:
                raise ModelError(
                    f"has a vocabulary a language, and none for {self.language!r}"
                    if self.language
                    else "has a vocabulary a language",
                    where=str(path),
                    how=f"set 'tokens.language' to one of: {', '.join(sorted(value))[:200]}",
                )
            value = value[self.language]
        return _checked(value, path)

    def _in_order(self, indices: Mapping[str, int], path: Path) -> tuple[str, ...]:
        count = max(self.size, 1 + max(indices.values()))
        symbols = [""] * count
        for symbol, index in indices.items():
            if symbols[index]:
                raise ModelError(
                    f"gives the index {index} to {symbols[index]!r} and {symbol!r}", where=str(path)
                )
            symbols[index] = symbol
        return tuple(symbols)


def _checked(value: Any, path: Path) -> dict[str, int]:
    if not isinstance(value, dict) or not value:
        raise ModelError("is no object of tokens and their indices", where=str(path))
    for symbol, index in value.items():
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < LARGEST_VOCABULARY:
            raise ModelError(f"gives the token {symbol!r} the index {index!r}", where=str(path))
    return value


@dataclass(frozen=True)
class CharacterVocabulary:
    """A vocabulary of characters; see `VocabJsonTokens`. Index without a token are ""."""

    path: Path
    more: tuple[Path, ...]
    symbols: tuple[str, ...]
    blank: int
    separator: str
    unknown: str | None
    silent: frozenset[int]
    case: Case
    case_given: bool = False

    @cached_property
    def _index(self) -> dict[str, int]:
        return {s: i for i, s in enumerate(self.symbols) if i not in self.silent and s != self.unknown}

    @property
    def size(self) -> int:
        """V, the blank included."""
        return len(self.symbols)

    @property
    def files(self) -> tuple[Path, ...]:
        """The vocabulary's file, and that of added tokens."""
        return (self.path, *self.more)

    @property
    def inferred(self) -> tuple[str, ...]:
        """What the files did not say and was found out, a sentence each."""
        if self.case_given or self.case == "keep":
            return ()
        return (f"the tokens are in {self.case} case, so references are put into it",)

    @property
    def warnings(self) -> tuple[str, ...]:
        """None."""
        return ()

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices of the characters of ``text``, NFC and cased; whitespace only parts words.

        Raises:
            TokenError: naming the first word that the tokens cannot write.
        """
        index, written = self._index, list[int]()
        for position, word in enumerate(cased(unicodedata.normalize("NFC", text), self.case).split()):
            if position and self.separator:
                written.append(index[self.separator])
            for letter in word:
                if letter not in index or letter == self.separator:
                    raise TokenError(
                        f"{letter!r} of the word {word!r} is not among the model's tokens",
                        where=self.path.name,
                        how="texts of the kit must be written in the tokens of the model",
                    )
                written.append(index[letter])
        return tuple(written)

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell, words one space apart."""
        parts = [self.symbols[i] for i in indices if i not in self.silent]
        text = "".join(" " if part == self.separator else part for part in parts)
        return " ".join(text.split())

    def describe(self) -> dict[str, Any]:
        """Kind, size, blank, separator, unknown and special tokens, case."""
        special = [self.symbols[i] for i in sorted(self.silent - {self.blank}) if self.symbols[i]]
        return {
            "kind": "vocab-json",
            "size": self.size,
            "blank": self.blank,
            "word_separator": self.separator,
            "unknown": self.unknown,
            "special": special,
            "case": self.case,
        }
