"""The [tokens] table that a token file of a model without model.toml needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.tokens.blank import BLANK_NAMES
from memaudit.models.tokens.case import case_of
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.piece_encoders import BYTE, WORD_START
from memaudit.models.tokens.pieces import SPECIAL_NAMES, UNKNOWN_NAMES, find_tokenizer

_SEPARATORS = (" ", "|", WORD_START, "<space>", "<SPACE>")


def token_table(
    folder: Path, name: str, *, size: int | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A complete [tokens] table for a token file, and what was inferred, a sentence each.

    Pieces that begin with U+2581 make it "pieces"; tokens of one character make it characters, parted by
    the space, bar or U+2581 among them; anything else makes it words.

    Args:
        folder: what ``name`` is relative to.
        name: the token file.
        size: V of the model's scores, where the graph says it: one more than the file's tokens is a blank
            that comes last.

    Raises:
        ModelError: if the file cannot be read, holds WordPiece tokens, or several tokenizers lie beside it.
    """
    symbols = read_symbols(folder / name)
    if any(symbol.startswith("##") and len(symbol) > 2 for symbol in symbols):
        raise ModelError(
            "holds WordPiece tokens ('##' continues a word), which are not written here",
            where=str(folder / name),
            how="transcribe the kit with the toolkit that trained it, and give --transcripts",
        )
    told: list[str] = []
    table: dict[str, Any] = {"file": name}
    blank = next((one for one in BLANK_NAMES if one in symbols), None)
    if blank is not None:
        table["blank"] = blank
    elif size == len(symbols) + 1:
        table["blank"] = len(symbols)
        told.append(f"{name} has no blank and the model scores one token more: the last one is the blank")
    special = [one for one in SPECIAL_NAMES if one in symbols and one != blank]
    text = _written(symbols, {*special, *UNKNOWN_NAMES, blank})
    table["case"] = case_of(text)
    if table["case"] != "keep":
        told.append(f"the letters of {name} are in {table['case']} case, so references are put into it")
    if any(len(one) > 1 and one.startswith(WORD_START) for one in text):
        tokenizer = find_tokenizer((folder / name).parent)
        beside = PurePosixPath(name).parent
        table |= {"kind": "pieces", "tokenizer": "" if tokenizer is None else tokenizer.name}
        if tokenizer is not None:
            told.append(f"references are written in pieces by {beside / tokenizer.name}")
        unknown = next((one for one in UNKNOWN_NAMES if one in symbols), None)
        table |= {"special": special} | ({} if unknown is None else {"unknown": unknown})
    elif any(len(one) == 1 for one in text):
        separator = next((one for one in _SEPARATORS if one in symbols), "")
        table |= {"kind": "lines", "style": "char", "word_separator": separator, "special": special}
        parted = f"parted by {separator!r}" if separator else "without a token between words"
        told.append(f"the tokens of {name} are characters, {parted}")
    else:
        table |= {"kind": "lines", "style": "word", "special": special}
        told.append(f"the tokens of {name} are words")
    return table, tuple(told)


def _written(symbols: Sequence[str], silent: set[str | None]) -> list[str]:
    return [symbol for symbol in symbols if symbol not in silent and not BYTE.fullmatch(symbol)]
