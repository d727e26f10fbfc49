"""Token files: "token index" lines, or one token a line."""

from __future__ import annotations

import re
from pathlib import Path

from memaudit.errors import ModelError

# The token may itself be a space, so it is at least one character, whatever that is.
_INDEXED = re.compile(r"(.+?)[ \t]+([0-9]+)", re.DOTALL)


def read_symbols(path: Path) -> tuple[str, ...]:
    """The tokens of ``path`` in the order of their indices.

    Every line is "token index", the indices being 0 to n - 1 in any order, or every line is a token alone and
    its index is the line's position from 0.

    Raises:
        ModelError: naming the line that is wrong, or the file if it is missing, empty or no UTF-8 text.
    """
    lines = _lines(path)
    matches = [_INDEXED.fullmatch(line) for line in lines]
    symbols = _indexed(path, lines, matches) if any(matches) else _plain(path, lines)
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
        text = path.read_text(encoding="utf-8-sig")
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


def _indexed(path: Path, lines: list[str], matches: list[re.Match[str] | None]) -> tuple[str, ...]:
    by_index: dict[int, str] = {}
    for number, (line, match) in enumerate(zip(lines, matches, strict=True), start=1):
        if match is None:
            raise ModelError(
                f"line {number}, {line[:40]!r}, is not 'token index' as other lines are", where=str(path)
            )
        index = int(match[2])
        if index in by_index:
            raise ModelError(f"line {number} gives the index {index} again", where=str(path))
        if index >= len(lines):
            raise ModelError(
                f"line {number} gives the index {index}, but {len(lines)} tokens have 0 to {len(lines) - 1}",
                where=str(path),
            )
        by_index[index] = match[1]
    return tuple(by_index[index] for index in range(len(lines)))


def _plain(path: Path, lines: list[str]) -> tuple[str, ...]:
    for number, line in enumerate(lines, start=1):
        if not line:
            raise ModelError(f"line {number} is empty, so it is no token", where=str(path))
    return tuple(lines)
