"""The engine of processes: each has the model, all are dealt from one queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Self

from memaudit.audit.engine import hearing, wire
from memaudit.audit.engine.attendant import Attendant, ProcessError, Shared, Unit
from memaudit.audit.engine.greeted import Greeted
from memaudit.audit.engine.interrupt import Interrupts
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.process import Process
from memaudit.audit.engine.watch import Watch
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import MemauditError

Tell = Callable[[str], None]


class Processes(Greeted):
    """An engine over ``processes``, which have been started with the model of ``spec`` under ``limits``.

    A thread a process sends and receives, so that this works alike on every platform. ``tell`` is given a
    line about each recording that fails and each process that is started anew.
    """

    def __init__(
        self, processes: Sequence[Process], spec: ModelSpec, limits: Limits, tell: Tell | None = None
    ) -> None:
        start = partial(Process, spec, limits)
        self._shared = Shared(start, spec.model, limits, Watch(limits.max_memory))
        self._attendants = [Attendant(process, self._shared) for process in processes]
        self._tell = tell
        self._loaded: wire.Loaded | None = None
        self._closed = False
        self._interrupts = Interrupts(self._stop)
        self._threads = [
            threading.Thread(target=attendant.attend, daemon=True) for attendant in self._attendants
        ]
        for thread in self._threads:
            thread.start()

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`: every item is dealt at once, and the processes begin."""
        for unit in hearing.units(items, self.unit):
            self._shared.asked.put(Unit.of(unit))
        return self._taken({item.id: item.audio for item in items})

    def call(self, function: str, *arguments: Any) -> Any:
        """See `work.Engine.call`: whichever process is free does it."""
        self._shared.asked.put(Unit(wire.line(call=function, arguments=arguments), self._shared.model))
        try:
            return self._answer()["value"]
        except ProcessError as error:
            self._say(f"{error.where} ({self.info.adapter}): {error.what}, in {function}")
            raise

    def close(self) -> None:
        """Let every process end; what has not been taken is not finished."""
        self._end(at_once=not self._shared.asked.empty())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._end(at_once=kind is not None or not self._shared.asked.empty())

    def _end(self, *, at_once: bool) -> None:
        if self._closed:
            return
        self._closed = True
        if at_once:
            self._stop()
        for attendant in self._attendants:
            attendant.process.let_go()
            self._shared.asked.put(None)
        for attendant in self._attendants:
            attendant.process.reap()
        for thread in self._threads:
            thread.join()
        for attendant in self._attendants:
            attendant.process.reap()
            attendant.process.release()
        self._shared.watch.close()
        self._interrupts.restore()

    def _stop(self) -> None:
        self._shared.stopped = True
        for attendant in self._attendants:
            attendant.stop()

    def _greeting(self) -> wire.Loaded:
        if self._loaded is None:
            greeting = self._shared.greetings.get()
            self._interrupts.check()
            if isinstance(greeting, MemauditError):
                self._shared.greetings.put(greeting)  # for whoever asks again
                raise greeting
            self._loaded = greeting
        return self._loaded

    def _taken(self, audio: dict[str, str]) -> Iterator[Heard]:
        left = len(audio)
        while left:
            for heard in wire.read_heard(self._answer()):
                left -= 1
                if heard.failed is not None:
                    self._say(f"{audio[heard.id]}: failed ({self.info.adapter}): {heard.failed}")
                yield heard

    def _answer(self) -> dict[str, Any]:
        while True:
            answer = self._shared.answers.get()
            self._interrupts.check()
            if isinstance(answer, MemauditError):
                raise answer
            if "told" not in answer:
                return answer
            self._say(answer["told"])

    def _say(self, sentence: str) -> None:
        if self._tell is not None:
            self._tell(sentence)
