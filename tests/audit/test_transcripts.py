"""Transcripts files: both formats round trip, and every bad line is named."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit.transcripts import Transcript, read_transcripts
from memaudit.errors import TranscriptError

IDS = ["c1", "c2"]
GOOD = [{"id": "c1", "transcript": "able", "loss": 1.5}, {"id": "c2", "transcript": "", "loss": 0}]


def jsonl(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@given(st.text(max_size=40), st.text(max_size=40))
def test_both_formats_give_the_same(tmp_path_factory: pytest.TempPathFactory, one: str, two: str) -> None:
    # CSV cannot carry a lone carriage return or NUL through universal line ends; transcripts have none.
    one, two = (text.replace("\r", " ").replace("\x00", " ") for text in (one, two))
    folder = tmp_path_factory.mktemp("t")
    rows = [{"id": "c1", "transcript": one, "loss": 2.5}, {"id": "c2", "transcript": two, "loss": 0.0}]
    table = folder / "t.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "transcript", "loss"])
        writer.writeheader()
        writer.writerows(rows)
    expected = {"c1": Transcript(one, 2.5), "c2": Transcript(two, 0.0)}
    assert read_transcripts(table, IDS) == expected
    assert read_transcripts(jsonl(folder / "t.jsonl", list(rows)), IDS) == expected


def test_losses_may_be_absent(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "t.jsonl", [{"id": name, "transcript": "x"} for name in IDS])
    assert read_transcripts(path, IDS)["c1"].loss is None


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (GOOD[:1], r"1 of 2 canaries have no line \(c2\)"),
        ([*GOOD, GOOD[0]], "id 'c1' occurs twice"),
        ([*GOOD, {"id": "c3", "transcript": "x", "loss": 1}], "id 'c3' is not in the kit"),
        ([GOOD[0], {"id": "c2", "transcript": "x", "loss": float("nan")}], "id 'c2' has loss nan"),
        ([GOOD[0], {"id": "c2", "transcript": "x", "loss": float("inf")}], "has loss inf"),
        ([GOOD[0], {"id": "c2", "transcript": "x", "loss": -1}], "has loss -1"),
        ([GOOD[0], {"id": "c2", "transcript": "x", "loss": "many"}], "has loss 'many'"),
        ([GOOD[0], {"id": "c2", "transcript": "x", "loss": True}], "has loss True"),
        ([GOOD[0], {"id": "c2", "transcript": "x"}], "only 1 of 2 canaries have a loss"),
        ([GOOD[0], {"id": "c2", "transcript": float("nan"), "loss": 1}], "id 'c2' has no transcript"),
        ([GOOD[0], {"id": "c2", "loss": 1}], "id 'c2' has no transcript"),
        ([GOOD[0], {"transcript": "x"}], "has no id"),
        ([GOOD[0], [1]], "is no JSON object"),
    ],
)
def test_bad_rows(tmp_path: Path, rows: list[object], what: str) -> None:
    with pytest.raises(TranscriptError, match=what):
        read_transcripts(jsonl(tmp_path / "t.jsonl", rows), IDS)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("t.jsonl", b'{"id": "c1", "transcript"', r"t\.jsonl:1: is no JSON"),
        ("t.jsonl", b"\xff\xfe\x00", "cannot be read as UTF-8"),
        ("t.jsonl", b"[" * 100_000, "is no JSON"),
        ("t.csv", b"a,b\n1,2\n", r"t\.csv:1: has no columns id and transcript"),
        ("t.csv", b'id,transcript\nc1,"open', r"t\.csv:\d+: is no CSV line"),
        ("t.csv", b"", "has no columns"),
    ],
)
def test_broken_files_name_the_line(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=what):
        read_transcripts(path, IDS)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="cannot be read"):
        read_transcripts(tmp_path / "none.jsonl", IDS)
