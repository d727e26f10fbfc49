"""Gzip files, read as streams that notice a bomb."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from memaudit.kit.manifests.errors import ManifestError
from memaudit.limits import MOST_UNPACKED, UNPACKED

_GZIP = b"\x1f\x8b"


class _Watched(io.RawIOBase):
    """The unpacked bytes of a file, counted."""

    def __init__(self, unpacked: gzip.GzipFile, path: Path) -> None:
        self._unpacked = unpacked
        self._path = path
        self._most = max(UNPACKED, MOST_UNPACKED * path.stat().st_size)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._unpacked.read(len(buffer))
        self._count += len(data)
        if self._count > self._most:
            raise ManifestError(
                f"unpacks to more than {MOST_UNPACKED} times its size, as no manifest does",
                where=str(self._path),
                how="do not trust this file; unpack it yourself if you know that it is right",
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def open_packed(path: Path, *, packed: bool | None = None) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked as they are read.

    Args:
        path: the file.
        packed: whether it is gzip; None: its first bytes tell.

    Raises:
        ManifestError: on reading, where more comes out than any manifest holds (see `memaudit.limits`).
        OSError, EOFError, zlib.error: where it cannot be read.
    """
    with path.open("rb") as plain:
        if packed is None:
            packed = plain.read(len(_GZIP)) == _GZIP
            plain.seek(0)
        if not packed:
            yield plain
            return
        with (
            gzip.GzipFile(fileobj=plain) as unpacked,
            io.BufferedReader(_Watched(unpacked, path), 1 << 16) as stream,
        ):
            yield stream
