"""The engine of what was heard before: it has no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from memaudit.audit.engine.work import Heard, Item
from memaudit.audit.journal.header import Header
from memaudit.errors import JournalError
from memaudit.models.recognizer import ModelInfo


class Replay:
    """Stands behind a `Recording` whose journal holds everything: whatever is asked of this is missing."""

    def __init__(self, header: Header) -> None:
        self._model = header.model

    @property
    def info(self) -> ModelInfo:
        """What was loaded then."""
        return self._model.info()

    @property
    def sample_rate(self) -> int | None:
        """The rate in Hz that the model heard at."""
        return self._model.sample_rate

    @property
    def unit(self) -> int | None:
        """See `work.Engine.unit`."""
        return self._model.unit

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """Refuse, naming the first recording, unless there is none."""
        if items:
            raise JournalError(
                f"no shard heard {items[0].id}",
                where=str(items[0].audio),
                how="score the shards again, with the memaudit that merges them",
            )
        return iter(())

    def call(self, function: str, *arguments: Any) -> Any:  # noqa: ARG002
        """Refuse."""
        raise JournalError(
            f"no shard did {function}", how="score the shards again, with the memaudit that merges them"
        )

    def close(self) -> None:
        """Nothing was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()
