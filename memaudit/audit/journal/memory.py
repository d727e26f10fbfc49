"""What the lines of a journal say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from memaudit.audit.engine.work import Heard
from memaudit.audit.journal.header import Header
from memaudit.models.recognizer import Recognition

_RECOGNITION = {item.name: item.default for item in fields(Recognition)}

_KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "rate": int,
    "failed": str,
    "transcript": str,
    "loss": (int, float),
    "tokens": int,
    "infeasible": bool,
}


@dataclass
class Memory:
    """What was heard, by the name of the run and the recording's id, and what calls gave, by their name.

    Attributes:
        header: the first line; None where there is none yet.
        complete: whether everything that was asked for is there.
    """

    header: Header | None = None
    runs: dict[str, dict[str, Heard]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    complete: bool = False

    @property
    def heard(self) -> int:
        """How many recordings were heard in all runs; those that failed are nothing to go on with."""
        return sum(one.failed is None for found in self.runs.values() for one in found.values())

    def take(self, value: dict[str, Any]) -> None:
        """The next line.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: if it is none of a journal.
        """
        if self.header is None:
            self.header = Header.model_validate(value)
        elif "heard" in value:
            run = self.runs.setdefault(value["run"], {})
            run.update((item.id, item) for item in map(read_row, value["heard"]))
        elif "call" in value:
            self.values[value["call"]] = value["value"]
        else:
            self.complete = bool(value["complete"])


def heard_line(run: str, found: Sequence[Heard]) -> dict[str, Any]:
    """A batch of a run."""
    return {"run": run, "heard": [row(item) for item in found]}


def call_line(call: str, value: Any) -> dict[str, Any]:
    """What a call gave: JSON values."""
    return {"call": call, "value": value}


COMPLETE = {"complete": True}
"""The last line."""


def row(heard: Heard) -> dict[str, Any]:
    """A recording as JSON values; what is as usual is left out."""
    found: dict[str, Any] = {"id": heard.id, "rate": heard.rate}
    if heard.failed is not None:
        found["failed"] = heard.failed
    if heard.recognition is not None:
        given = {name: getattr(heard.recognition, name) for name in _RECOGNITION}
        found |= {name: value for name, value in given.items() if value != _RECOGNITION[name]}
    return found


def read_row(row: dict[str, Any]) -> Heard:
    """What `row` gave."""
    for name, value in row.items():
        if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and name != "infeasible"):
            raise TypeError(f"{name} is {value!r}")
    given = {name: value for name, value in row.items() if name in _RECOGNITION}
    recognition = Recognition(**given) if "transcript" in given else None
    return Heard(row["id"], recognition, row["rate"], row.get("failed"))
