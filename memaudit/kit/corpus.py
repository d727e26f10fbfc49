"""The user's own texts, a line at a time: plain text, or JSON lines with ``text``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from memaudit.errors import RecipeError

#: The most bytes that a line may have: what is read of a file at a time.
LONGEST_LINE = 1 << 22


def read_texts(path: Path, seen: Callable[[bytes], None] | None = None) -> Iterator[tuple[int, str]]:
    """The number and the text of every line that is not empty, one after the other.

    A file whose name ends in ``.jsonl``, ``.ndjson`` or ``.json``, or whose first line starts with a brace,
    holds one JSON object a line, with the text under ``text``.

    Args:
        path: UTF-8 text, with or without a byte order mark.
        seen: called with the bytes of every line, also of empty ones.

    Raises:
        RecipeError: if the file cannot be read, or a line is too long, no UTF-8 or no such object.
    """
    try:
        with path.open("rb") as stream:
            yield from _texts(stream, path, seen)
    except OSError as error:
        raise RecipeError(
            f"cannot be read ({error.strerror})",
            where=str(path),
            how="give a file with a text a line, or JSON lines with a text each",
        ) from error


def _texts(stream: BinaryIO, path: Path, seen: Callable[[bytes], None] | None) -> Iterator[tuple[int, str]]:
    as_json: bool | None = True if path.suffix.lower() in {".jsonl", ".ndjson", ".json"} else None
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        where = f"{path}:{number}"
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise RecipeError(
                f"a line of more than {LONGEST_LINE} bytes", where=where, how="give a file with a text a line"
            )
        if seen is not None:
            seen(line)
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise RecipeError("is no UTF-8 text", where=where, how="convert the file to UTF-8") from error
        if text:
            as_json = text.startswith("{") if as_json is None else as_json
            yield number, _field(text, where) if as_json else text


def _field(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"is no JSON ({error})", where=where, how="mend or remove the line") from error
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise RecipeError(
            "has no text", where=where, how='write one object with "text" a line, such as {"text": "a b"}'
        )
    return text
