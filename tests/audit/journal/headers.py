"""A header of an audit that nobody made."""

from __future__ import annotations

from typing import Any

from memaudit.audit.journal.header import Header


def some_header(**changed: Any) -> Header:
    """A whole header; keys of its parts can be changed as ``model__unit=4``."""
    document: dict[str, Any] = {
        "tool": {"version": "1.0", "python": "3.11.7", "packages": {"numpy": "2.0"}},
        "normaliser": "basic/1",
        "kit": {"name": "smoke", "commitment": "ab" * 32, "path": "/kits/smoke"},
        "model": {
            "adapter": "onnx-ctc",
            "files": [["model.onnx", "12" * 32], ["tokens.txt", "34" * 32]],
            "front_end": {"kind": "kaldi", "num_mels": 80},
            "decoder": {"method": "greedy", "provider": "cpu"},
            "inferred": [],
            "warnings": [],
            "sample_rate": 16_000,
            "unit": 1,
        },
        "controls": {
            "name": "own.jsonl",
            "sha256": "56" * 32,
            "recordings": [["control-1", "a text", "78" * 32]],
        },
        "options": {"timeout": 60.0},
        "shard": None,
    }
    for name, value in changed.items():
        *parts, last = name.split("__")
        place = document
        for part in parts:
            place = place[part]
        place[last] = value
    return Header.model_validate(document)
