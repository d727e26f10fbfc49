"""What the processes of an engine say to each other: one line of JSON each.

JSON and not pickles: a model's process may run code of others, and nothing of its answers must be able to run
here. Floating-point numbers come through unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from memaudit.audit.engine.failure import Failure
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import MemauditError
from memaudit.models.recognizer import ModelInfo, Recognition


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a process says once its model is loaded; ``unit`` is `hearing.unit_size` of it."""

    info: ModelInfo
    sample_rate: int
    unit: int | None


def line(**message: Any) -> bytes:
    """A message."""
    return json.dumps(message).encode() + b"\n"


def items_line(items: Sequence[Item]) -> bytes:
    """Recordings to hear."""
    return line(items=[[item.id, item.audio, item.reference] for item in items])


def read_items(message: dict[str, Any]) -> list[Item]:
    """The recordings of `items_line`."""
    return [Item(*row) for row in message["items"]]


def heard_line(found: Sequence[Heard]) -> bytes:
    """What the recordings gave."""
    return line(heard=heard_values(found))


def heard_values(found: Sequence[Heard]) -> list[list[Any]]:
    """What the recordings gave, as the JSON values of `heard_line`."""
    return [
        [item.id, None if item.recognition is None else asdict(item.recognition), item.rate, item.failed]
        for item in found
    ]


def read_heard(message: dict[str, Any]) -> list[Heard]:
    """What `heard_line` says."""
    return [
        Heard(name, None if given is None else Recognition(**given), rate, failed)
        for name, given, rate, failed in message["heard"]
    ]


def loaded_line(loaded: Loaded) -> bytes:
    """The model is loaded."""
    return line(loaded=asdict(loaded))


def read_loaded(message: dict[str, Any]) -> Loaded:
    """What `loaded_line` says."""
    given = message["loaded"]
    info = {field.name: given["info"][field.name] for field in fields(ModelInfo)}
    for name in ("inferred", "warnings"):
        info[name] = tuple(info[name])
    info["files"] = tuple((name, digest) for name, digest in info["files"])
    return Loaded(ModelInfo(**info), given["sample_rate"], given["unit"])


def failure_line(error: MemauditError) -> bytes:
    """An error in place of an answer."""
    return line(failure=asdict(Failure.of(error)))


def read_answer(data: bytes) -> dict[str, Any]:
    """The message of an answer.

    Raises:
        MemauditError: if it is a failure.
        ValueError: if it is no message.
    """
    message = json.loads(data)
    if not isinstance(message, dict):
        raise TypeError("an answer is an object")
    if "failure" in message:
        raise Failure(**message["failure"]).error()
    return message
