"""The journal of an audit: as bytes, and as lines of any content whose checksums are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memaudit.audit.journal.file import JournalFile
from memaudit.audit.journal.lines import line
from memaudit.audit.journal.memory import COMPLETE
from tests.fuzz.parser import Parser, Target, file_target

_HEADER = {
    "schema": "memaudit/journal/1",
    "tool": {"version": "1", "python": "3.11", "packages": {"numpy": "2"}},
    "normaliser": "basic/1",
    "kit": {"name": "tones", "commitment": "0" * 64, "path": "/kit"},
    "model": {
        "adapter": "onnx-ctc",
        "files": [["model.onnx", "0" * 64]],
        "front_end": {"kind": "raw"},
        "decoder": {},
        "inferred": [],
        "warnings": [],
        "sample_rate": 16000,
        "unit": 1,
    },
    "controls": None,
    "options": {},
    "shard": [1, 2],
}
_HEARD: list[dict[str, Any]] = [
    {"id": "c0", "rate": 16000, "transcript": "amber", "loss": 1.5, "tokens": 3},
    {"id": "c1", "rate": 16000, "failed": "out of memory"},
]
_LINES: list[Any] = [_HEADER, {"run": "kit", "heard": _HEARD}, {"call": "trials", "value": [1]}, COMPLETE]


def _signed(values: list[Any]) -> bytes:
    data, check = b"", 0
    for value in values:
        one, check = line(value, check)
        data += one
    return data


def _open(path: Path) -> None:
    with JournalFile(path) as journal:
        _ = journal.memory.heard


def _raw(folder: Path) -> Target:
    return file_target(folder / "journal.jsonl", [_signed(_LINES)], _open)


def _forged(folder: Path) -> Target:
    path = folder / "journal.jsonl"

    def parse(data: bytes) -> None:
        values = []
        for text in data.split(b"\n"):
            try:
                values.append(json.loads(text))
            except (ValueError, RecursionError):
                values.append(text.decode("latin-1"))
        path.write_bytes(_signed(values))
        _open(path)

    return Target(("\n".join(json.dumps(value) for value in _LINES).encode(),), parse)


_COVERS = ("memaudit.audit.journal.lines", "memaudit.audit.journal.header")
PARSERS = (
    Parser("journal", _COVERS, _raw),
    Parser("journal, forged", _COVERS, _forged),
)
