"""Token files: "token index" lines, or one token a line."""

from __future__ import annotations

import re
from pathlib import Path

from memaudit.errors import ModelError
from memaudit.reading import read_text

_INDEX = re.compile(r"[0-9]{1,9}$")


def read_symbols(path: Path) -> tuple[str, ...]:
    """The tokens of ``path`` in the order of their indices.

    Every line is "token index", the indices being 0 to n - 1 in any order, or every line is a token alone and
    its index is the line's position from 0.

    Raises:
        ModelError: naming the line that is wrong, or the file if it is missing, empty or no UTF-8 text.
    """
    lines = _lines(path)
    pairs = [_pair(line) for line in lines]
    symbols = _indexed(path, lines, pairs) if any(pairs) else _plain(path, lines)
    seen: dict[str, int] = {}
    for index, symbol in enumerate(symbols):
        if symbol in seen:
            raise ModelError(
                f"the token {symbol!r} has the indices {seen[symbol]} and {index}",
                where=str(path),
                how="give each token once",
            )
        seen[symbol] = index
    return symbols


def _lines(path: Path) -> list[str]:
    try:
        text = read_text(path, "utf-8-sig")
    except FileNotFoundError:
        raise ModelError(
            "the token file is missing",
            where=str(path),
            how="put it there, or set 'tokens.file' in model.toml",
        ) from None
    except OSError as error:
        raise ModelError(f"the token file cannot be read ({error.strerror})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ModelError("the token file is not UTF-8 text", where=str(path)) from error
    # Not splitlines: a token may be one of the rarer line separators.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ModelError("the token file is empty", where=str(path))
    return lines


def _pair(line: str) -> tuple[str, int] | None:
    """Token and index of a line; None where it is no such line."""
    found = _INDEX.search(line[-9:])
    if found is None:
        return None
    before = line[: len(line) - len(found[0])]
    token = before.rstrip(" \t")
    # The token may itself be a space, so it is at least one character, whatever that is.
    token = token or before[:1]
    return (token, int(found[0])) if len(token) < len(before) else None


def _indexed(path: Path, lines: list[str], pairs: list[tuple[str, int] | None]) -> tuple[str, ...]:
    by_index: dict[int, str] = {}
    for number, (line, pair) in enumerate(zip(lines, pairs, strict=True), start=1):
        if pair is None:
            raise ModelError(
                f"line {number}, {line[:40]!r}, is not 'token index' as other lines are", where=str(path)
            )
        token, index = pair
        if index in by_index:
            raise ModelError(f"line {number} gives the index {index} again", where=str(path))
        if index >= len(lines):
            raise ModelError(
                f"line {number} gives the index {index}, but {len(lines)} tokens have 0 to {len(lines) - 1}",
                where=str(path),
            )
        by_index[index] = token
    return tuple(by_index[index] for index in range(len(lines)))


def _plain(path: Path, lines: list[str]) -> tuple[str, ...]:
    for number, line in enumerate(lines, start=1):
        if not line:
            raise ModelError(f"line {number} is empty, so it is no token", where=str(path))
    return tuple(lines)
