"""Vocabularies of word pieces as SentencePiece writes them: U+2581 begins a piece that starts a word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.tokens.blank import find_blank
from memaudit.models.tokens.case import Case, case_of
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.piece_encoders import (
    BYTE,
    PieceEncoder,
    open_encoder,
    rebuilt_encoder,
)
from memaudit.models.tokens.piece_vocabulary import PieceVocabulary
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


def _same_pieces(encoder: PieceEncoder, symbols: tuple[str, ...], *, path: Path, tokenizer: Path) -> None:
    missing = sorted(encoder.known() - set(symbols))
    if missing:
        raise ModelError(
            f"{tokenizer.name} writes {len(missing)} pieces that {path.name} lacks, such as {missing[0]!r}",
            where=str(tokenizer),
            how="give the tokenizer that the model was trained with ('tokens.tokenizer')",
        )
