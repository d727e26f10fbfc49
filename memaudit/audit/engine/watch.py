"""Ends processes that take too long or too much, from outside: a model in native code heeds nobody."""

from __future__ import annotations

import threading
import time

from memaudit.audit.engine.confine import resident
from memaudit.audit.engine.process import Process

#: How often the processes are looked at, in seconds.
TICK = 0.1


class Watch:
    """One thread that looks after the processes of an engine; ``max_memory`` in MiB, or None."""

    def __init__(self, max_memory: int | None) -> None:
        self._max_memory = max_memory
        self._lock = threading.Lock()
        self._until: dict[Process, tuple[float | None, str]] = {}
        self._ended: dict[Process, str] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def expect(self, process: Process, seconds: float | None) -> None:
        """From now on ``process`` has so long to answer; None: as long as it likes."""
        until = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            self._until[process] = (until, "" if seconds is None else f"{seconds:g} s")

    def answered(self, process: Process) -> str | None:
        """It has, or has ended: the reason, as a clause, where it was ended from here."""
        with self._lock:
            self._until.pop(process, None)
            return self._ended.pop(process, None)

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._closed.wait(TICK):
            with self._lock:
                for process, (until, limit) in list(self._until.items()):
                    reason = self._reason(process, until, limit)
                    if reason is not None:
                        # With the lock held: who asks afterwards is told, so nobody else gets the blame.
                        self._ended[process] = reason
                        del self._until[process]
                        process.stop()

    def _reason(self, process: Process, until: float | None, limit: str) -> str | None:
        if until is not None and time.monotonic() > until:
            return f"did not come back in {limit}"
        if self._max_memory is not None and (resident(process.pid) or 0) > self._max_memory:
            return f"used more than {self._max_memory} MiB of memory"
        return None
