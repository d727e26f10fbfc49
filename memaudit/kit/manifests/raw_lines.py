"""Manifests as raw lines: bytes as they are, gzip or not, a line at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.packed import open_packed
from memaudit.limits import LONGEST_LINE

BOM = b"\xef\xbb\xbf"
_READABLE = "give a manifest that can be read"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong on reading ``path`` into a `ManifestError`."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or f"damaged: {error}"
        raise ManifestError(f"cannot be read ({reason})", where=str(path), how=_READABLE) from error


def require_file(path: Path) -> Path:
    """``path`` where it is a plain file (or a link to one).

    Raises:
        ManifestError: if it is not.
    """
    if not path.is_file():
        raise ManifestError("is no file", where=str(path), how="give the manifest that the trainer is given")
    return path


def raw_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, each with the line end that it has; ``.gz`` is unpacked.

    Raises:
        ManifestError: if the file cannot be read, unpacks to too much, or a line is longer than 64 MiB.
    """
    require_file(path)
    with reading(path), open_packed(path, packed=path.suffix == ".gz") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise ManifestError(
                    "is longer than 64 MiB", where=f"{path}:{number}", how="give a manifest with a line each"
                )
            yield line


def decode(raw: bytes, path: Path, number: int) -> str:
    """A raw line as text, without its line end, and without a byte order mark on the first line.

    Raises:
        ManifestError: if it is no UTF-8.
    """
    if number == 1:
        raw = raw.removeprefix(BOM)
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"is no UTF-8 text (byte {error.start + 1})", where=f"{path}:{number}", how="save it as UTF-8"
        ) from error


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines of a UTF-8 file; lines of white space alone are left out.

    Raises:
        ManifestError: if a line cannot be read.
    """
    for number, raw in enumerate(raw_lines(path), 1):
        line = decode(raw, path, number)
        if line and not line.isspace():
            yield number, line
