"""An engine that writes down what it hears, and does not hear again what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from memaudit.audit.engine.hearing import units
from memaudit.audit.engine.work import Engine, Heard, Item
from memaudit.audit.journal.memory import Memory, call_line, heard_line
from memaudit.models.recognizer import ModelInfo

Append = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Recorder:
    """An engine with a journal.

    Attributes:
        engine: what hears.
        memory: what was heard before; None: nothing is remembered or written.
        append: adds a line to the journal.
    """

    engine: Engine
    memory: Memory | None = None
    append: Append | None = None

    def part(self, name: str) -> Engine:
        """The engine for one part of what is asked, whose name is the same in every run of the program."""
        if self.memory is None:
            return self.engine
        return Recording(self.engine, self.memory, self.append or _nowhere, name)


def _nowhere(line: dict[str, Any]) -> None:
    """Where there is no file."""


class Recording:
    """The part ``name`` of what an engine is asked for; its runs and calls are told apart by their order.

    A batch counts as written when all of it is. What is left is given to the engine in the batches that it
    would have had, so that a model whose answers depend on them gives the same.
    Closing it does not close the engine.
    """

    def __init__(self, engine: Engine, memory: Memory, append: Append, name: str) -> None:
        self._engine = engine
        self._memory = memory
        self._append = append
        self._name = name
        self._count: Counter[str] = Counter()

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        return self._engine.info

    @property
    def sample_rate(self) -> int | None:
        """See `work.Engine.sample_rate`."""
        return self._engine.sample_rate

    @property
    def unit(self) -> int | None:
        """See `work.Engine.unit`."""
        return self._engine.unit

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`."""
        name = self._next("run")
        known = self._memory.runs.get(name, {})
        batches = list(units(items, self._engine.unit))
        waiting = [batch for batch in batches if any(item.id not in known for item in batch)]
        again = {item.id for batch in waiting for item in batch}
        left = self._engine.run([item for batch in waiting for item in batch]) if waiting else iter(())
        before = [known[item.id] for item in items if item.id not in again]
        return self._heard(name, before, waiting, left)

    def call(self, function: str, *arguments: Any) -> Any:
        """See `work.Engine.call`."""
        name = self._next("call")
        values = self._memory.values
        if name not in values:
            values[name] = self._engine.call(function, *arguments)
            self._append(call_line(name, values[name]))
        return values[name]

    def close(self) -> None:
        """Nothing: who opened the engine closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def _next(self, kind: str) -> str:
        self._count[kind] += 1
        return self._name if self._count[kind] == 1 else f"{self._name}:{self._count[kind]}"

    def _heard(
        self, name: str, before: Sequence[Heard], waiting: Sequence[Sequence[Item]], left: Iterator[Heard]
    ) -> Iterator[Heard]:
        yield from before
        place = {item.id: number for number, batch in enumerate(waiting) for item in batch}
        found: dict[int, list[Heard]] = {}
        for heard in left:
            number = place[heard.id]
            batch = found.setdefault(number, [])
            batch.append(heard)
            if len(batch) == len(waiting[number]):
                self._append(heard_line(name, found.pop(number)))
                yield from batch
