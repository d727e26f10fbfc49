"""What a Ray actor does for an audit: it has the model, and answers a line with a line.

The model runs in a process of the actor's, as it does without Ray, under the same limits and with the same
protection: a recording that the model crashes on is marked failed there, and the actor lives on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memaudit.audit.engine import wire
from memaudit.audit.engine.failure import unexpected
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.opening import open_engine
from memaudit.errors import MemauditError


class ClusterActor:
    """One model on one node.

    Args:
        spec: the model, at its path on the machine that drives.
        limits: of the process that runs it.
        places: for what that machine got from a URL, its path there and the URL; each node gets it once.
    """

    def __init__(self, spec: dict[str, Any], limits: dict[str, Any], places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._engine: Any = None
        self._spec = spec
        self._limits = limits

    def loaded(self) -> bytes:
        """Load the model: a `wire.loaded_line`, or a failure."""
        return self._line(self._load)

    def answer(self, line: bytes) -> bytes:
        """What a process of ours would answer to a line."""
        return self._line(lambda: self._answer(json.loads(line)))

    def _load(self) -> bytes:
        self._places = {path: str(self._fetched(url)) for path, url in self._places.items()}
        spec = ModelSpec(**self._here(self._spec))
        limits = Limits(**{**self._limits, "env": tuple(self._limits["env"])})
        self._engine = open_engine(spec, 1, limits)
        return wire.loaded_line(wire.Loaded(self._engine.info, self._engine.sample_rate, self._engine.unit))

    def _answer(self, message: dict[str, Any]) -> bytes:
        message = self._here(message)
        if "items" in message:
            items = wire.read_items(message)
            heard = {found.id: found for found in self._engine.run(items)}
            return wire.heard_line([heard[item.id] for item in items])
        return wire.line(value=self._engine.call(message["call"], *message["arguments"]))

    def _line(self, work: Any) -> bytes:
        try:
            found: bytes = work()
        except MemauditError as error:
            return wire.failure_line(error)
        except Exception as error:  # noqa: BLE001 - told to who drives
            return wire.failure_line(unexpected(error, "the actor"))
        return found

    def _here(self, value: Any) -> Any:
        """JSON values with the paths of this machine in place of those of the one that drives."""
        if isinstance(value, dict):
            return {name: self._here(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._here(item) for item in value]
        if isinstance(value, str):
            for there, here in self._places.items():
                if value == there or value.startswith(f"{there}/"):
                    return here + value[len(there) :]
        return value

    @staticmethod
    def _fetched(url: str) -> Path:
        from memaudit.remote import fetch

        return fetch(url)
