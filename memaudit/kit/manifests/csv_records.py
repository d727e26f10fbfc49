"""CSV files record by record, with the raw bytes of each: a quoted field may hold line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.raw_lines import decode, raw_lines


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line, its bytes and its cells (none for an empty line)."""

    line: int
    raw: bytes
    cells: list[str]


def csv_records(path: Path) -> Iterator[Record]:
    """The records of a CSV file; spaces after a comma do not count.

    Raises:
        ManifestError: naming the line of a record that cannot be read, such as one whose quote never ends.
    """
    pending: list[bytes] = []

    def lines() -> Iterator[str]:
        for number, raw in enumerate(raw_lines(path), 1):
            pending.append(raw)
            end = "\n" if raw.endswith(b"\n") else ""
            yield decode(raw, path, number) + end

    reader, line = csv.reader(lines(), skipinitialspace=True), 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ManifestError(
                f"is no CSV ({error})", where=f"{path}:{line}", how="mend that line; does a quote stay open?"
            ) from error
        yield Record(line, b"".join(pending), cells)
        pending.clear()
        line = reader.line_num + 1


def raw_records(path: Path) -> Iterator[bytes]:
    """The bytes of each record, which put together are the file."""
    return (record.raw for record in csv_records(path))


def csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a CSV file with a header.

    Raises:
        ManifestError: if there is no header, or a record has another number of cells.
    """
    records = (record for record in csv_records(path) if record.cells)
    header = next(records, None)
    if header is None:
        raise ManifestError("is empty", where=str(path), how="give a CSV file with a header")
    for record in records:
        if len(record.cells) != len(header.cells):
            raise ManifestError(
                f"has {len(record.cells)} cells, the header {len(header.cells)}",
                where=f"{path}:{record.line}",
                how="mend or remove that line",
            )
        yield record.line, dict(zip(header.cells, record.cells, strict=True))


def csv_header(path: Path) -> list[str]:
    """The names in the first record of a CSV file.

    Raises:
        ManifestError: if there is none.
    """
    record = next(csv_records(path), None)
    if record is None or not record.cells:
        raise ManifestError("has no header", where=str(path), how="give a CSV file with a header")
    return record.cells


def csv_line(cells: Sequence[object]) -> str:
    """One record without its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
