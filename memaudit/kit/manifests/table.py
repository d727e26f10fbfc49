"""A mapping from texts to texts on disk, for what is too much for memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from memaudit.files import output_errors
from memaudit.kit.manifests.errors import ManifestError


class Table:
    """Opened by `disk_table`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT NOT NULL) WITHOUT ROWID")

    def fill(self, rows: Iterable[tuple[int, str, str]], file: Path) -> None:
        """Take over line numbers, keys and values of a file.

        Raises:
            ManifestError: if a key is there twice, naming the line.
        """
        last = 0

        def pairs() -> Iterator[tuple[str, str]]:
            nonlocal last
            for number, key, value in rows:
                last = number
                yield key, value

        self._connection.execute("BEGIN")
        try:
            self._connection.executemany("INSERT INTO t VALUES (?, ?)", pairs())
        except sqlite3.IntegrityError as error:
            raise ManifestError(
                "its key is there twice", where=f"{file}:{last}", how="give every utterance a key of its own"
            ) from error
        self._connection.execute("COMMIT")

    def get(self, key: str) -> str | None:
        """The value of a key, or None."""
        row = self._connection.execute("SELECT v FROM t WHERE k = ?", (key,)).fetchone()
        return None if row is None else str(row[0])


@contextmanager
def disk_table() -> Iterator[Table]:
    """An empty table in the folder for temporary files, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="memaudit-") as folder:
        path = Path(folder, "table.sqlite")
        with output_errors(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
            yield Table(connection)
