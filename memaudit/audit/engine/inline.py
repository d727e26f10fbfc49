"""The engine of this process, over a model that is loaded already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pkgutil import resolve_name
from typing import Any, Self

from memaudit.audit.engine import hearing
from memaudit.audit.engine.work import Heard, Item
from memaudit.models.recognizer import ModelInfo


class Inline:
    """Hears a unit when it is asked for. A model that crashes takes this process along."""

    def __init__(self, model: hearing.Model) -> None:
        self._model = model

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        return self._model.info

    @property
    def sample_rate(self) -> int:
        """The rate in Hz that the model hears at."""
        return self._model.sample_rate

    @property
    def unit(self) -> int | None:
        """See `work.Engine.unit`."""
        return hearing.unit_size(self._model)

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`."""
        for unit in hearing.units(items, hearing.unit_size(self._model)):
            yield from hearing.hear(self._model, unit)

    def call(self, function: str, *arguments: Any) -> Any:
        """See `work.Engine.call`."""
        return resolve_name(function)(self._model, *arguments)

    def close(self) -> None:
        """Nothing was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()
