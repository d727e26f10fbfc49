"""Where the gates of memaudit.toml or pyproject.toml stand: file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memaudit.cli.config import read_config
from memaudit.reading import parse_toml, read_text

if TYPE_CHECKING:
    from memaudit.report.renderer import GatePlace

_MARK = "memaudit-looks-for-this-place"


def gate_places(folder: Path) -> list[GatePlace]:
    """The gates that hold in ``folder``, those of ``score`` first, each with the line that it stands on.

    A gate that TOML escapes hide is left out.

    Raises:
        UsageError: see `read_config`.
    """
    from memaudit.report.renderer import GatePlace

    path, table = read_config(folder)
    if path is None:
        return []
    text = read_text(path)
    root = () if path.name == "memaudit.toml" else ("tool", "memaudit")
    found = []
    for keys in (("score", "gate"), ("gate",), ("gate", "gate")):
        for at, gate in _gates(_get(table, keys)):
            line = _line(text, gate, (*root, *keys, *at))
            if line is not None:
                found.append(GatePlace(gate, path.name, line))
    return found


def _gates(value: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    """Gates of one key, given as an array or as one string, each with its index."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, str):
                yield (number,), item


def _line(text: str, gate: str, keys: tuple[str | int, ...]) -> int | None:
    """The line of the one occurrence of ``gate`` that is the value at ``keys``: changing it changes that."""
    start = text.find(gate)
    while gate and start >= 0:
        changed = text[:start] + _MARK + text[start + len(gate) :]
        try:
            if _get(parse_toml(changed), keys) == _MARK:
                return text.count("\n", 0, start) + 1
        except (ValueError, RecursionError):
            pass  # the occurrence was no value
        start = text.find(gate, start + 1)
    return None


def _get(value: Any, keys: tuple[str | int, ...]) -> Any:
    """What lies under ``keys``; None where there is nothing."""
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
