"""Reading whole files that others made, in bounded memory."""

from __future__ import annotations

import errno
import tomllib
from pathlib import Path
from typing import Any

from memaudit.limits import LARGEST_DOCUMENT, LARGEST_TOML, MOST_DOTS


def is_file(path: Path) -> bool:
    """Whether there is a file that can be looked at; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, no right to look
        return False


def read_bytes(path: Path, most: int = LARGEST_DOCUMENT) -> bytes:
    """All bytes of a file, whatever it says of its size.

    Raises:
        OSError: if it cannot be read, or has more than ``most`` bytes.
    """
    try:
        stream = path.open("rb")
    except ValueError as error:  # a zero byte in its name
        raise OSError(errno.EINVAL, "no file can have such a name", str(path)) from error
    with stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"more than {most >> 20} MiB, which is the most that is read", str(path))
    return data


def read_text(path: Path, encoding: str = "utf-8", most: int = LARGEST_DOCUMENT) -> str:
    r"""A file as text, with ``\n`` for every line end.

    Raises:
        OSError: see `read_bytes`.
        UnicodeDecodeError: if it is no text in that encoding.
    """
    text = read_bytes(path, most).decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: if it is none, or goes beyond `memaudit.limits`.
        RecursionError: if it is nested too deeply.
    """
    if len(text) > LARGEST_TOML:
        raise ValueError(f"more than {LARGEST_TOML >> 20} MiB")
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS:
            raise ValueError(f"line {number} has more than {MOST_DOTS} dots")
    return tomllib.loads(text)
