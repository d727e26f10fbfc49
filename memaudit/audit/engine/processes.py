"""The engine of processes: each has the model, all are dealt from one queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self

from memaudit.audit.engine import hearing, wire
from memaudit.audit.engine.interrupt import Interrupts
from memaudit.audit.engine.process import Process
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import MemauditError, ModelError
from memaudit.models.recognizer import ModelInfo

#: How many units a process has before it at a time: while it answers one, the next is already there.
AHEAD = 2


@dataclass(frozen=True, slots=True)
class _Unit:
    """One line to a process; ``where`` is what is named if the process does not survive it."""

    line: bytes
    where: str


class Processes:
    """An engine over ``processes``, which have been started with one model, named ``model``.

    A thread a process sends and receives, so that this works alike on every platform.
    """

    def __init__(self, processes: Sequence[Process], model: str) -> None:
        self._processes = processes
        self._model = model
        self._asked: SimpleQueue[_Unit | None] = SimpleQueue()
        self._answers: SimpleQueue[dict[str, Any] | MemauditError] = SimpleQueue()
        self._greetings: SimpleQueue[wire.Loaded | MemauditError] = SimpleQueue()
        self._loaded: wire.Loaded | None = None
        self._closed = False
        self._interrupts = Interrupts(self._stop)
        self._threads = [
            threading.Thread(target=self._attend, args=(process,), daemon=True) for process in processes
        ]
        for thread in self._threads:
            thread.start()

    @property
    def info(self) -> ModelInfo:
        """What was loaded: waits for the first process that has."""
        return self._greeting().info

    @property
    def sample_rate(self) -> int:
        """The rate in Hz that the model hears at: waits as `info` does."""
        return self._greeting().sample_rate

    @property
    def unit(self) -> int | None:
        """See `work.Engine.unit`: waits as `info` does."""
        return self._greeting().unit

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`: every item is dealt at once, and the processes begin."""
        count = 0
        for unit in hearing.units(items, self._greeting().unit):
            self._asked.put(_Unit(wire.items_line(unit), hearing.named(unit)))
            count += 1
        return self._taken(count)

    def call(self, function: str, *arguments: Any) -> Any:
        """See `work.Engine.call`: whichever process is free does it."""
        self._asked.put(_Unit(wire.line(call=function, arguments=arguments), self._model))
        return self._answer()["value"]

    def close(self) -> None:
        """Let every process end; what has not been taken is not finished."""
        self._end(at_once=not self._asked.empty())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._end(at_once=kind is not None or not self._asked.empty())

    def _end(self, *, at_once: bool) -> None:
        if self._closed:
            return
        self._closed = True
        if at_once:
            self._stop()
        for process in self._processes:
            process.let_go()
            self._asked.put(None)
        for process in self._processes:
            process.reap()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.release()
        self._interrupts.restore()

    def _stop(self) -> None:
        for process in self._processes:
            process.stop()

    def _greeting(self) -> wire.Loaded:
        if self._loaded is None:
            greeting = self._greetings.get()
            self._interrupts.check()
            if isinstance(greeting, MemauditError):
                self._greetings.put(greeting)  # for whoever asks again
                raise greeting
            self._loaded = greeting
        return self._loaded

    def _taken(self, count: int) -> Iterator[Heard]:
        for _ in range(count):
            yield from wire.read_heard(self._answer())

    def _answer(self) -> dict[str, Any]:
        answer = self._answers.get()
        self._interrupts.check()
        if isinstance(answer, MemauditError):
            raise answer
        return answer

    def _attend(self, process: Process) -> None:
        """One thread's work: a process's greeting, then units from the queue to it and its answers back."""
        try:
            self._greetings.put(wire.read_loaded(_understood(process, "as it loaded the model", self._model)))
        except MemauditError as error:
            self._greetings.put(error)
            self._answers.put(error)  # the other processes may have loaded it
            return
        sent: deque[_Unit] = deque()
        open_ = True
        while open_ or sent:
            while open_ and len(sent) < AHEAD:
                try:
                    unit = self._asked.get(block=not sent)
                except Empty:
                    break
                if unit is None:
                    open_ = False
                else:
                    process.send(unit.line)
                    sent.append(unit)
            if not sent:
                return
            try:
                self._answers.put(_understood(process, "as it heard this", sent[0].where))
            except MemauditError as error:
                self._answers.put(error)
                if isinstance(error, ProcessError):
                    return
            sent.popleft()


class ProcessError(ModelError):
    """A process that ended in place of answering: a crash in native code, an exit, a kill."""


def _understood(process: Process, doing: str, where: str) -> dict[str, Any]:
    """The next answer of ``process``.

    Raises:
        ProcessError: if it has ended.
        MemauditError: if it is a failure.
    """
    data = process.receive()
    if not data.endswith(b"\n"):
        raise ProcessError(
            f"the model's process {process.ended()} {doing}",
            where=where,
            how="see above what it said; out of memory, or native code that fails: try this model on this "
            "recording alone",
        )
    try:
        return wire.read_answer(data)
    except MemauditError:
        raise  # some of them are ValueErrors too
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError("the model's process gave an answer that cannot be read", where=where) from error
