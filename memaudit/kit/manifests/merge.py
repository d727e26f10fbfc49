"""A copy of a user's manifest with lines put in, in bounded memory and two passes.

The user's file is only read. Every line of it comes out byte for byte: line ends, a missing last one and a
byte order mark included. Lines that are put in get the line end of the user's first line.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from memaudit.files import output_errors
from memaudit.kit.manifests.base import Job
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.raw_lines import BOM, decode, raw_lines
from memaudit.kit.seeds import stream

Split = Callable[[Path], Iterator[bytes]]
"""Cuts a file into records whose bytes, put together, are the file."""


@dataclass(frozen=True)
class Survey:
    """What the first pass tells: how many records, their line end, whether the last one has one.

    ``ordered``: the first words of the records ascend, as bytes.
    """

    records: int
    end: str
    ended: bool
    marked: bool
    ordered: bool


def survey(path: Path, names: Collection[str], split: Split = raw_lines) -> Survey:
    """Read a manifest once.

    Raises:
        ManifestError: if it cannot be read, is no UTF-8, or already holds one of ``names``.
    """
    known = {name.encode() for name in names}
    sizes = [len(name) for name in known] or [1]
    token = re.compile(rb"(?<![a-z0-9-])[a-z0-9-]{%d,%d}(?![a-z0-9])" % (min(sizes), max(sizes)))
    number, first, last, word, ordered = 0, b"", b"", b"", True
    for number, raw in enumerate(split(path), 1):
        if number == 1:
            first = raw
            decode(raw, path, 1)
        found = known.intersection(token.findall(raw))
        if found:
            raise ManifestError(
                f"the canary {min(found).decode()} is already there",
                where=f"{path}:{number}" if split is raw_lines else f"{path}: record {number}",
                how="add a kit's canaries once, to the manifest without them",
            )
        last = raw
        words = raw.split(maxsplit=1)
        if words:
            ordered = ordered and word < words[0]
            word = words[0]
    end = "\r\n" if first.endswith(b"\r\n") else "\n"
    return Survey(number, end, not last or last.endswith(b"\n"), first.startswith(BOM), ordered)


def draw_places(found: Survey, count: int, header: int, seed: int, *names: object) -> list[int]:
    """Before which records (from 0, ascending) ``count`` lines go: every interleaving is equally likely.

    Nothing goes before the ``header`` records or a byte order mark, nor after a last record without line end.
    """
    least = max(header, int(found.marked and found.records > 0))
    room = max(0, found.records - int(not found.ended) - least)
    slots = stream(seed, "export", "places", *names).choice(room + count, count, replace=False, shuffle=False)
    return [least + int(slot) - number for number, slot in enumerate(np.sort(slots))]


def merge_at(
    path: Path,
    out: Path,
    lines: Sequence[str],
    places: Sequence[int],
    found: Survey,
    split: Split = raw_lines,
) -> None:
    """Write ``path`` to ``out`` with ``lines[i]`` before record ``places[i]``; places ascend.

    Where a line has to follow a last record without line end, that record gets one.

    Raises:
        ManifestError: if ``path`` is no longer what the survey found.
        OutputError: if ``out`` cannot be written.
    """
    end, done, number = found.end.encode(), 0, 0
    with output_errors(out), open_output(out) as stream_:
        for raw in split(path):
            while done < len(lines) and places[done] <= number:
                stream_.write(lines[done].encode() + end)
                done += 1
            stream_.write(raw)
            number += 1
        if done < len(lines) and not found.ended:
            stream_.write(end)
        stream_.writelines(line.encode() + end for line in lines[done:])
    if number != found.records:
        raise ManifestError("was changed while it was read", where=str(path), how="try again when it is done")


def names_of(job: Job) -> set[str]:
    """The ids and keys that a manifest must not hold yet."""
    return {name for copy in job.copies for name in (copy.canary.id, copy.key)}


def merge_lines(
    job: Job, manifest: Path, lines: Sequence[str], *, header: int = 0, split: Split = raw_lines
) -> None:
    """Merge one file of lines into ``job.folder`` under its own name.

    Raises:
        ManifestError, OutputError: see `survey` and `merge_at`.
    """
    found = survey(manifest, names_of(job), split)
    places = draw_places(found, len(lines), header, job.seed)
    merge_at(manifest, job.folder / manifest.name, lines, places, found, split)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines with ``\\n`` after each; packed where the name ends in ``.gz``."""
    with output_errors(path), open_output(path) as stream_:
        stream_.writelines(f"{line}\n".encode() for line in lines)


@contextmanager
def open_output(path: Path) -> Iterator[IO[bytes]]:
    """A file to write bytes to; packed where the name ends in ``.gz``, with no time in it."""
    with path.open("wb") as plain:
        if path.suffix != ".gz":
            yield plain
            return
        with gzip.GzipFile(filename="", fileobj=plain, mode="wb", mtime=0) as packed:
            yield packed  # type: ignore[misc]
