"""Lines of JSON that show damage: each begins with a checksum over itself and all before it.

The checksum is CRC-32 in eight hexadecimal digits, carried on from line to line, so that a line that was
changed, lost, doubled or moved is seen. It guards against accidents, not against forgery.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from memaudit.errors import JournalError

_DIGITS = 8


@dataclass(frozen=True)
class Found:
    """The whole lines of a file.

    Attributes:
        size: how many bytes they take; what follows is a line that was torn as it was written.
        check: the checksum so far, for the next line.
    """

    size: int
    check: int


def line(value: Any, check: int) -> tuple[bytes, int]:
    """A value as a line, and the checksum for the next one; ``check`` is 0 for the first line."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    check = zlib.crc32(data, check)
    return b"%0*x %s\n" % (_DIGITS, check, data), check


def read_lines(stream: BinaryIO, name: Path, take: Callable[[Any], None]) -> Found:
    """Give every value to ``take``, in order.

    A last line that is not whole is left out: writing it was cut short.

    Raises:
        JournalError: naming a line that is damaged though others follow, or that ``take`` cannot read.
    """
    size = check = 0
    for number, data in enumerate(stream, 1):
        after = _checked(data, check)
        if after is None:
            if stream.read(1):
                raise JournalError(
                    "is damaged: this line is not as it was written",
                    where=f"{name}:{number}",
                    how="restore the file, or remove it to begin again",
                )
            break
        try:
            take(json.loads(data[_DIGITS + 1 :].decode("utf-8", "surrogatepass")))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise JournalError(
                "is no line of a journal", where=f"{name}:{number}", how="use the memaudit that wrote it"
            ) from error
        size, check = size + len(data), after
    return Found(size, check)


def _checked(data: bytes, check: int) -> int | None:
    """The checksum after a line; None where it is not what the line says."""
    head, body = data[: _DIGITS + 1], data[_DIGITS + 1 : -1]
    after = zlib.crc32(body, check)
    return after if data.endswith(b"\n") and head == b"%0*x " % (_DIGITS, after) else None
