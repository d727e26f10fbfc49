"""Dealing a kit to shards, and joining what they heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit.engine.hearing import units
from memaudit.audit.engine.work import Heard, Item
from memaudit.audit.journal.deal import dealt
from memaudit.audit.journal.memory import heard_line
from memaudit.audit.journal.opening import open_journal
from memaudit.audit.journal.replay import Replay
from memaudit.audit.journal.shard import Shard
from memaudit.audit.journal.shards import read_shards
from memaudit.errors import JournalError, UsageError
from memaudit.models.recognizer import Recognition
from tests.audit.journal.headers import some_header


@given(st.integers(1, 60), st.integers(0, 5), st.integers(1, 9), st.none() | st.integers(1, 7))
def test_every_batch_goes_to_one_shard_whole(count: int, controls: int, of: int, unit: int | None) -> None:
    items = [Item(f"u{number:02}", "") for number in range(count)]
    names = {item.id for item in items[:controls]}
    parts = [dealt(items, names, Shard(number, of), unit) for number in range(1, of + 1)]
    assert sorted(item.id for part in parts for item in part) == [item.id for item in items]
    assert names <= {item.id for item in parts[0]}
    whole = {tuple(batch) for batch in map(tuple, units(items, unit or 1))}
    for part in parts:
        assert {tuple(batch) for batch in units(part, unit or 1)} <= whole
    others = [-(-len(part) // (unit or 1)) for part in parts[1:]]
    assert not others or max(others) - min(others) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "-1/2", "1/0", "a/b", "1/2/3", "\u0661/2", ""])
def test_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match="is no shard"):
        Shard.parse(text)


def test_a_shard() -> None:
    assert str(Shard.parse(" 3/8 ")) == "3/8"


def shard(folder: Path, number: int, of: int, *, complete: bool = True, **changed: Any) -> Path:
    path = folder / f"part-{number}-{len(list(folder.iterdir()))}"
    path.mkdir()
    with open_journal(path, some_header(shard=[number, of], **changed), resume=False) as journal:
        journal.append(heard_line("kit", [Heard(f"u{number}", Recognition(str(number)), 16_000)]))
        if complete:
            journal.finish()
    return path


def test_joined_in_any_order(tmp_path: Path) -> None:
    parts = [shard(tmp_path, number, 3, kit__path=f"/on/{number}") for number in (2, 3, 1)]
    whole = read_shards(parts)
    assert whole.header.kit.path == "/on/1"
    heard = whole.memory.runs["kit"]
    assert {name: found.recognition and found.recognition.transcript for name, found in heard.items()} == {
        "u1": "1",
        "u2": "2",
        "u3": "3",
    }


def refused(parts: list[Path], *said: str) -> None:
    with pytest.raises(JournalError) as caught:
        read_shards(parts)
    for part in said:
        assert part in str(caught.value)


def test_missing_double_unfinished_and_foreign_shards(tmp_path: Path) -> None:
    one, two, three = (shard(tmp_path, number, 3) for number in (1, 2, 3))
    refused([one, three], "shard 2/3 missing")
    refused([two], "shards 1/3, 3/3 missing")
    again = shard(tmp_path, 2, 3)
    refused([one, two, again], f"{again}: is shard 2/3, as {two} is")
    refused([one, two, two], "is shard 2/3, as")
    late = shard(tmp_path, 3, 3, complete=False)
    refused([one, two, late], f"{late}: shard 3/3 is unfinished", "--shard 3/3 again, with --resume")
    fourth = shard(tmp_path, 3, 4)
    refused([one, two, fourth], f"{fourth}: is shard 3/4, but {one} is shard 1/3")
    for changed, what in (
        ({"kit__commitment": "cd" * 32}, "kit: commitment"),
        ({"model__files": [["model.onnx", "99" * 32]]}, "model file: model.onnx"),
        ({"options": {"timeout": 3.0}}, "--timeout"),
    ):
        foreign = shard(tmp_path, 3, 3, **changed)
        refused([one, two, foreign], f"{foreign}: was scored with another {what}", str(one))


def test_folders_that_are_no_shards(tmp_path: Path) -> None:
    refused([tmp_path], f"{tmp_path}: has no journal that can be read")
    with open_journal(tmp_path, some_header(), resume=False):
        pass
    refused([tmp_path], "is that of a whole kit, not of a shard")
    (tmp_path / "journal").write_bytes(b"")
    refused([tmp_path], "is empty")
    (tmp_path / "journal").write_bytes(b"this is\nno journal\n")
    refused([tmp_path], "journal:1: is damaged")
    with pytest.raises(UsageError, match="no shard was given"):
        read_shards([])


def test_what_no_shard_heard_is_named() -> None:
    engine = Replay(some_header())
    assert list(engine.run([])) == []
    assert engine.info.files[0][0] == "model.onnx"
    with pytest.raises(JournalError, match=r"x\.flac: no shard heard u1"):
        engine.run([Item("u1", "x.flac")])
    with pytest.raises(JournalError, match="no shard did a:b"):
        engine.call("a:b")
