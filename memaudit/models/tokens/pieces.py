"""Vocabularies of word pieces as SentencePiece writes them: U+2581 begins a piece that starts a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from memaudit.errors import ModelError, TokenError
from memaudit.models.tokens.blank import find_blank
from memaudit.models.tokens.case import Case, case_of, cased
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.piece_encoders import (
    BYTE,
    WORD_START,
    PieceEncoder,
    open_encoder,
    rebuilt_encoder,
)
from memaudit.models.validation import Table

# What the usual toolkits call tokens that stand for no text, and the one for text that cannot be written.
SPECIAL_NAMES = ("<s>", "</s>", "<sos>", "<eos>", "<sos/eos>", "<pad>", "<mask>", "[PAD]", "[CLS]", "[SEP]")
UNKNOWN_NAMES = ("<unk>", "[UNK]")
_TOKENIZERS = ("tokenizer.model", "bpe.model", "spm.model", "sentencepiece.model", "unigram.model")


class PieceTokens(Table):
    """[tokens] of kind "pieces".

    Attributes:
        file: the pieces in the order of their indices, relative to the model.toml.
        tokenizer: the tokenizer that the model was trained with, which writes references in its pieces: a
            SentencePiece model, or a tokenizer.json. Left out: the one beside ``file``. "" or none there: a
            SentencePiece BPE model is rebuilt from the order of ``file``.
        blank: the blank's piece or index; an index one past the file's last piece adds a blank there. Left
            out: the one piece that has a usual name for it. False where the model has no blank.
        unknown: the piece for what cannot be written; left out: the one that has a usual name. It is
            decoded as it stands, and never written.
        special: further pieces that stand for no text; left out: those that have a usual name.
        case: what is done to a reference before it is written in pieces; left out: the case of all of the
            pieces' letters, where they have one.
    """

    kind: Literal["pieces"] = "pieces"
    file: str = Field("tokens.txt", min_length=1)
    tokenizer: str | None = None
    blank: Annotated[int, Field(ge=0)] | str | Literal[False] | None = None
    unknown: str | None = Field(None, min_length=1)
    special: list[str] | None = None
    case: Case | None = None

    def load(self, folder: Path, *, where: str) -> PieceVocabulary:
        """Read the pieces and open their tokenizer.

        Raises:
            ModelError: if a file cannot be read, blank, unknown or special are not in it, or the tokenizer
            is of
                another model.
            MissingExtraError: if the library that the tokenizer needs is not installed.
        """
        path = folder / self.file
        symbols = read_symbols(path)
        for name in (*(self.special or ()), *((self.unknown,) if self.unknown else ())):
            if name not in symbols:
                key = "special" if name in (self.special or ()) else "unknown"
                raise ModelError(f"'tokens.{key}': {name!r} is not in {path.name}", where=where)
        blank = None if self.blank is False else find_blank(self.blank, symbols, where=where, path=path)
        if blank == len(symbols):
            symbols = (*symbols, "")
        unknown = self.unknown or next((name for name in UNKNOWN_NAMES if name in symbols), None)
        names = self.special if self.special is not None else [s for s in SPECIAL_NAMES if s in symbols]
        silent = {symbols.index(name) for name in names} | ({blank} if blank is not None else set())
        written = [
            s for i, s in enumerate(symbols) if i not in silent and s != unknown and not BYTE.fullmatch(s)
        ]
        case = self.case or case_of(written)
        chosen = self._tokenizer(path, where=where)
        if chosen is None:
            mute = {symbols[i] for i in silent}
            encoder = rebuilt_encoder([s for s in symbols if s], silent=mute, unknown=unknown)
        else:
            encoder = open_encoder(chosen)
            _same_pieces(encoder, symbols, path=path, tokenizer=chosen)
        return PieceVocabulary(
            path,
            chosen,
            symbols,
            blank,
            unknown,
            frozenset(silent),
            case,
            encoder,
            case_given=self.case is not None,
        )

    def _tokenizer(self, path: Path, *, where: str) -> Path | None:
        if self.tokenizer is not None:
            named = path.parent / self.tokenizer
            return named if self.tokenizer else None
        return find_tokenizer(path.parent, where=where)


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


def find_tokenizer(folder: Path, *, where: str = "") -> Path | None:
    """The tokenizer that lies in ``folder``: a SentencePiece model before a tokenizer.json; None: there is
    none.

    Raises:
        ModelError: if several SentencePiece models could be it.
    """
    for name in _TOKENIZERS:
        if (folder / name).is_file():
            return folder / name
    models = sorted(p for p in folder.glob("*.model") if p.is_file())
    if len(models) > 1:
        raise ModelError(
            f"{', '.join(p.name for p in models)} could each be the tokenizer",
            where=where or str(folder),
            how="set 'tokens.tokenizer'",
        )
    if models:
        return models[0]
    json = folder / "tokenizer.json"
    return json if json.is_file() else None


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


def _same_pieces(encoder: PieceEncoder, symbols: tuple[str, ...], *, path: Path, tokenizer: Path) -> None:
    missing = sorted(encoder.known() - set(symbols))
    if missing:
        raise ModelError(
            f"{tokenizer.name} writes {len(missing)} pieces that {path.name} lacks, such as {missing[0]!r}",
            where=str(tokenizer),
            how="give the tokenizer that the model was trained with ('tokens.tokenizer')",
        )
