"""Who attends one process of an engine: gives it work, and starts another one where it ends.

A recording that ends a process (a crash in native code, an exit, a kill, a limit) is tried once more, alone,
in a new process. So of a batch only the one at fault is lost, and nothing is where the machine was to blame,
as when the kernel was out of memory. One that takes too long alone is not tried again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from memaudit.audit.engine import hearing, wire
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.process import Process
from memaudit.audit.engine.watch import Watch
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import MemauditError, ModelError

#: How many units a process has before it at a time: while it answers one, the next is already there.
AHEAD = 2
#: So many processes in a row may end before their model is loaded, once one has loaded it.
STARTS = 3


class ProcessError(ModelError):
    """A process that ended in place of answering; ``hung``: it was ended for the time that it took."""

    hung = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One line to a process; ``where`` is what is named if the process does not survive it.

    ``items`` are its recordings, none for a question; ``again``: they have ended a process before.
    """

    line: bytes
    where: str
    items: Sequence[Item] = ()
    again: bool = False

    @classmethod
    def of(cls, items: Sequence[Item], *, again: bool = False) -> Unit:
        """The unit that has these recordings heard."""
        return cls(wire.items_line(items), hearing.named(items), items, again)


Answer = dict[str, Any] | MemauditError
"""What comes back: a process's message, "heard" or "value"; or "told", a line for the user; or an error."""


@dataclass
class Shared:
    """What the attendants of one engine share."""

    start: Callable[[], Process]
    model: str
    limits: Limits
    watch: Watch
    asked: SimpleQueue[Unit | None] = field(default_factory=SimpleQueue)
    answers: SimpleQueue[Answer] = field(default_factory=SimpleQueue)
    greetings: SimpleQueue[wire.Loaded | MemauditError] = field(default_factory=SimpleQueue)
    stopped: bool = False
    restarts: int = 0


class Attendant:
    """One thread's work, from its process's greeting to the end of the queue. `stop` may come at any time."""

    def __init__(self, process: Process, shared: Shared) -> None:
        self.process = process
        self._shared = shared
        self._loaded: wire.Loaded | None = None
        self._sent: deque[Unit] = deque()
        self._again: deque[Unit] = deque()
        self._open = True

    def attend(self) -> None:
        """Work until there is no more, or an error has been handed on that ends the run."""
        shared = self._shared
        try:
            self._loaded = self._greeting()
        except MemauditError as error:
            shared.greetings.put(error)
            shared.answers.put(error)  # the other processes may have loaded it
            return
        shared.greetings.put(self._loaded)
        while self._send():
            unit = self._sent[0]
            try:
                shared.answers.put(self._answer("as it heard this", unit.where, len(unit.items)))
                self._sent.popleft()
            except ProcessError as error:
                if shared.stopped or not self._go_on(error):
                    return
            except MemauditError as error:
                shared.answers.put(error)
                self._sent.popleft()

    def stop(self) -> None:
        """End its process at once; `Shared.stopped` is set, so that no other follows."""
        self.process.stop()

    def _send(self) -> bool:
        """Give the process what it can take; False where there is nothing left to wait for."""
        while len(self._sent) < AHEAD and (self._again or self._open):
            if self._again:
                unit: Unit | None = self._again.popleft()
            else:
                try:
                    unit = self._shared.asked.get(block=not self._sent)
                except Empty:
                    break
            if unit is None:
                self._open = False
            else:
                self.process.send(unit.line)
                self._sent.append(unit)
        return bool(self._sent)

    def _go_on(self, error: ProcessError) -> bool:
        """After the end of the process: settle what it was at, start another; False where that is over."""
        shared = self._shared
        unit = self._sent.popleft()
        self._again.extendleft(reversed(self._sent))
        self._sent.clear()
        if not unit.items:
            shared.answers.put(error)
        elif len(unit.items) > 1 or not (unit.again or error.hung):
            self._again.extendleft(Unit.of([item], again=True) for item in reversed(unit.items))
            what = "it is tried again" if len(unit.items) == 1 else "its recordings are tried one at a time"
            adapter = self._loaded.info.adapter if self._loaded is not None else shared.model
            said = f"{unit.where}: {error.what} ({adapter}); {what} in a new process"
            shared.answers.put({"told": said})
        else:
            shared.answers.put({"heard": wire.heard_values([Heard(unit.items[0].id, None, 0, error.what)])})
        try:
            self._restart(error)
        except MemauditError as ended:
            shared.answers.put(ended)
            return False
        return not shared.stopped

    def _restart(self, error: ProcessError) -> None:
        shared = self._shared
        for attempt in range(STARTS):
            shared.restarts += 1
            if shared.restarts > shared.limits.restarts:
                raise ModelError(
                    f"the model's process has ended {shared.restarts} times; at last: {error.what}",
                    where=error.where,
                    how="mend the model, or leave out what it cannot hear",
                )
            ended, self.process = self.process, shared.start()
            ended.reap()
            ended.release()
            if shared.stopped:  # while it was started
                self.process.stop()
            try:
                loaded = self._greeting()
            except ProcessError:
                if shared.stopped or attempt == STARTS - 1:
                    raise
            else:
                break
        if loaded != self._loaded:
            raise ModelError(
                "the model's files have changed since the audit began", where=shared.model, how="begin again"
            )

    def _greeting(self) -> wire.Loaded:
        return wire.read_loaded(self._answer("as it loaded the model", self._shared.model, 0))

    def _answer(self, doing: str, where: str, recordings: int) -> dict[str, Any]:
        """The next answer of the process.

        Raises:
            ProcessError: if it has ended.
            MemauditError: if it is a failure.
        """
        watch = self._shared.watch
        watch.expect(self.process, self._shared.limits.seconds(recordings))
        data = self.process.receive()
        reason = watch.answered(self.process)
        if not data.endswith(b"\n"):
            error = ProcessError(
                f"the model's process {reason or self.process.ended()} {doing}",
                where=where,
                how="see above what it said; out of memory, or native code that fails: try this model on "
                "this recording alone",
            )
            error.hung = reason is not None and reason.startswith("did not")
            raise error
        try:
            return wire.read_answer(data)
        except MemauditError:
            raise  # some of them are ValueErrors too
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError("the model's process gave an answer that cannot be read", where=where) from error
