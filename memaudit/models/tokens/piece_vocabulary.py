"""A loaded vocabulary of word pieces: a text to indices by a tokenizer, and indices to their text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from memaudit.errors import TokenError
from memaudit.models.tokens.case import Case, cased
from memaudit.models.tokens.piece_encoders import BYTE, WORD_START, PieceEncoder


@dataclass(frozen=True)
class PieceVocabulary:
    """A vocabulary of word pieces; see `PieceTokens`.

    Attributes:
        path: the file of the pieces.
        tokenizer: the file of the tokenizer; None where it was rebuilt.
        symbols: the pieces.
        blank: index of the blank, or None.
        unknown: the piece for what cannot be written, or None.
        silent: indices that write nothing.
        case: what is done to a reference.
        encoder: what writes a text in pieces.
        case_given: whether the model.toml said the case.
    """

    path: Path
    tokenizer: Path | None
    symbols: tuple[str, ...]
    blank: int | None
    unknown: str | None
    silent: frozenset[int]
    case: Case
    encoder: PieceEncoder = field(repr=False, compare=False)
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
        """The file of the pieces and, where there is one, the tokenizer's."""
        return (self.path,) if self.tokenizer is None else (self.path, self.tokenizer)

    @property
    def inferred(self) -> tuple[str, ...]:
        """What the files did not say and was found out, a sentence each."""
        told = []
        if self.tokenizer is None:
            told.append(
                f"no tokenizer beside {self.path.name}: references are written by a BPE tokenizer rebuilt "
                "from the order of its pieces"
            )
        if not self.case_given and self.case != "keep":
            told.append(f"the pieces are in {self.case} case, so references are put into it")
        return tuple(told)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes losses less sure, a sentence each."""
        if self.tokenizer is None and not in_merge_order(self._index):
            return (
                f"{self.path.name} is not in the order of BPE training (its single characters do not come "
                "last): if the tokenizer was no BPE, losses are of another spelling; put its file there",
            )
        return ()

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices that spell ``text``: NFKC, cased, then as the model's own tokenizer splits it.

        Raises:
            TokenError: naming the first word that the pieces cannot write.
        """
        plain = cased(" ".join(unicodedata.normalize("NFKC", text).split()), self.case)
        indices = self._written(plain)
        if indices is None:
            for word in plain.split():
                if self._written(word) is None:
                    raise self._unwritable(word)
            raise self._unwritable(plain)
        return indices

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell, words one space apart; runs of byte pieces are read as UTF-8."""
        pieces = (self.symbols[i] for i in indices if i not in self.silent)
        text = "".join(_joined_bytes(pieces)).replace(WORD_START, " ")
        return " ".join(text.split())

    def describe(self) -> dict[str, Any]:
        """Kind, size, blank, unknown and special pieces, case, and what writes references."""
        special = sorted(self.silent - {self.blank})
        return {
            "kind": "pieces",
            "size": self.size,
            "blank": self.blank,
            "unknown": self.unknown,
            "special": [self.symbols[i] for i in special],
            "case": self.case,
            "tokenizer": "rebuilt BPE" if self.tokenizer is None else self.tokenizer.name,
        }

    def _written(self, text: str) -> tuple[int, ...] | None:
        pieces = self.encoder.pieces(text)
        if pieces is None or any(piece not in self._index for piece in pieces):
            return None
        # A tokenizer without an unknown piece leaves out what it cannot write: whether all is there shows.
        letters = "".join(_joined_bytes(iter(pieces))).replace(WORD_START, "")
        return tuple(self._index[p] for p in pieces) if len(letters) >= len("".join(text.split())) else None

    def _unwritable(self, word: str) -> TokenError:
        hint = "texts of the kit must be written in the tokens of the model"
        if any(self._written(other) is not None for other in (word.upper(), word.lower())):
            hint = "it can be in another case: set 'tokens.case' in model.toml"
        return TokenError(
            f"the word {word!r} cannot be written in the model's pieces", where=self.path.name, how=hint
        )


def in_merge_order(symbols: Sequence[str] | dict[str, int]) -> bool:
    """Whether pieces of one character come after all longer ones, as BPE training writes them."""
    lengths = [len(s) for s in symbols if not BYTE.fullmatch(s)]
    singles = [i for i, length in enumerate(lengths) if length == 1]
    return not singles or singles[0] == len(lengths) - len(singles)


def _joined_bytes(pieces: Iterator[str]) -> Iterator[str]:
    for is_byte, run in groupby(pieces, key=lambda piece: BYTE.fullmatch(piece) is not None):
        if is_byte:
            yield bytes(int(piece[3:5], 16) for piece in run).decode("utf-8", errors="replace")
        else:
            yield from run
