"""The file of a journal while it is written: one writer, whole lines, soon on the disk."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from memaudit.audit.journal.header import Header
from memaudit.audit.journal.lines import line, read_lines
from memaudit.audit.journal.memory import COMPLETE, Memory
from memaudit.errors import OutputError
from memaudit.files import output_errors

#: How long a line may wait, in seconds, before the disk is told to keep it. It is with the system at once,
#: which is enough for whatever happens to this process; this is for the machine.
SYNC = 1.0


class JournalFile:
    """An opened journal; ``memory`` is what was read from it.

    Raises:
        JournalError: if it is damaged other than in its last line.
        OutputError: if it cannot be written, or another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.memory = Memory()
        with output_errors(path):
            self._stream = path.open("a+b", buffering=0)
        try:
            self._lock()
            with output_errors(path), path.open("rb") as stream:
                found = read_lines(stream, path, self.memory.take)
        except BaseException:
            self._stream.close()
            raise
        self._size, self._check = found.size, found.check
        self._synced = 0.0

    def restart(self, header: Header) -> None:
        """Empty it and write its first line."""
        self.memory = Memory()
        self._cut(0)
        self._check = 0
        self.append(header.document())
        self._sync()

    def resume(self) -> None:
        """Remove a line that was not written whole, so that others can follow."""
        self._cut(self._size)

    def append(self, value: Any) -> None:
        """Add a line; it is there whole or not at all.

        Raises:
            OutputError: if it cannot be written.
        """
        data, check = line(value, self._check)
        try:
            with output_errors(self._path):
                left = memoryview(data)
                while left:
                    left = left[self._stream.write(left) or 0 :]
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._stream.fileno(), self._size)
            raise
        self._size, self._check = self._size + len(data), check
        if time.monotonic() - self._synced > SYNC:
            self._sync()

    def finish(self) -> None:
        """Say that everything is there."""
        if not self.memory.complete:
            self.append(COMPLETE)
            self.memory.complete = True
        self._sync()

    def close(self) -> None:
        """Bring it to the disk and let others write it."""
        if not self._stream.closed:
            try:
                self._sync()
            finally:
                self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def _cut(self, size: int) -> None:
        with output_errors(self._path):
            os.ftruncate(self._stream.fileno(), size)
        self._size = size

    def _sync(self) -> None:
        with output_errors(self._path):
            os.fsync(self._stream.fileno())
        self._synced = time.monotonic()

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: two runs into one folder are not noticed there
            return
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                "another run is writing it",
                where=str(self._path),
                how="wait for that run, or give another --out",
            ) from error
        except OSError:
            return  # a file system without locks
