"""Reading the text files that vocabularies of sub-words come in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from memaudit import reading
from memaudit.errors import ModelError
from memaudit.limits import LARGEST_VOCABULARY

# <|endoftext|>, <|en|>, <|0.02|> of Whisper; <unk>, <s>, </s>, <pad>; <<ST_0>> of Moonshine.
_SPECIAL = re.compile(r"<\|.*\|>|</?[a-z]+>|<<[A-Z]+_\d+>>", re.DOTALL)


def is_special(token: str) -> bool:
    """Whether a token's name shows that it stands for no text."""
    return _SPECIAL.fullmatch(token) is not None


def read_bytes(path: Path, *, where: str) -> bytes:
    """The bytes of a vocabulary's file, which the file ``where`` names.

    Raises:
        ModelError: if it is missing or cannot be read.
    """
    try:
        return reading.read_bytes(path)
    except FileNotFoundError:
        raise ModelError(
            "the token file is missing", where=str(path), how=f"put it there, or mend [tokens] of {where}"
        ) from None
    except OSError as error:
        raise ModelError(f"the token file cannot be read ({error.strerror})", where=str(path)) from error


def read_text(path: Path, *, where: str) -> str:
    """A UTF-8 text; `ModelError` if it is missing, cannot be read or is none."""
    try:
        return read_bytes(path, where=where).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError("the token file is not UTF-8 text", where=str(path)) from error


def read_json(path: Path, *, where: str) -> dict[str, Any]:
    """A JSON object; `ModelError` if the file is missing, cannot be read or holds none."""
    try:
        value = json.loads(read_text(path, where=where))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the token file is no JSON ({error})", where=str(path)) from error
    if not isinstance(value, dict):
        raise ModelError("the token file is not a JSON object", where=str(path))
    return value


def read_indices(path: Path, *, where: str) -> dict[str, int]:
    """A JSON object of token -> index; `ModelError` if it holds anything else."""
    value = read_json(path, where=where)
    for token, index in value.items():
        if type(index) is not int or not 0 <= index < LARGEST_VOCABULARY:
            raise ModelError(f"the index of {token!r} is {index!r}, no whole number", where=str(path))
    return value
