"""When a journal is begun, when it is gone on with, and when it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memaudit.audit.engine.work import Heard
from memaudit.audit.journal.binding import difference
from memaudit.audit.journal.memory import heard_line
from memaudit.audit.journal.opening import NAME, open_journal
from memaudit.errors import JournalError, OutputError
from memaudit.models.recognizer import Recognition
from tests.audit.journal.headers import some_header

LINE = heard_line("kit", [Heard("a", Recognition("text", 1.5, 3), 16_000)])


def begun(folder: Path, *, complete: bool = False, heard: bool = True) -> Path:
    with open_journal(folder, some_header(), resume=False) as journal:
        if heard:
            journal.append(LINE)
        if complete:
            journal.finish()
    return folder / NAME


def test_an_unfinished_audit_is_not_replaced(tmp_path: Path) -> None:
    path = begun(tmp_path)
    before = path.read_bytes()
    with pytest.raises(
        JournalError, match=r"an unfinished audit is here \(recordings heard: 1\); add --resume"
    ):
        open_journal(tmp_path, some_header(), resume=False)
    assert path.read_bytes() == before
    with open_journal(tmp_path, some_header(), resume=True) as journal:
        assert list(journal.memory.runs["kit"]) == ["a"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("complete", "heard"), [(True, True), (False, False)])
def test_what_is_finished_or_empty_is_begun_anew(tmp_path: Path, complete: bool, heard: bool) -> None:
    path = begun(tmp_path, complete=complete, heard=heard)
    with open_journal(tmp_path, some_header(kit__name="new"), resume=False) as journal:
        assert journal.memory.heard == 0
    assert len(path.read_bytes().splitlines()) == 1


def test_a_finished_one_can_be_resumed_and_is_not_finished_twice(tmp_path: Path) -> None:
    path = begun(tmp_path, complete=True)
    before = path.read_bytes()
    with open_journal(tmp_path, some_header(), resume=True) as journal:
        assert journal.memory.complete
        journal.finish()
    assert path.read_bytes() == before


@pytest.mark.parametrize("left", [b"", b"0000", None])
def test_resuming_nothing_begins(tmp_path: Path, left: bytes | None) -> None:
    if left is not None:
        (tmp_path / NAME).write_bytes(left)
    with open_journal(tmp_path, some_header(), resume=True) as journal:
        assert journal.memory.heard == 0
    assert (tmp_path / NAME).read_bytes().count(b"\n") == 1


def test_damage_is_named_with_its_line(tmp_path: Path) -> None:
    path = begun(tmp_path, complete=True)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"text"', b'"next"'))
    for resume in (True, False):
        with pytest.raises(JournalError, match="journal:2: is damaged"):
            open_journal(tmp_path, some_header(), resume=resume)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(OutputError, match="journal: cannot be written"):
        open_journal(tmp_path, some_header(), resume=False)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"kit__commitment": "cd" * 32}, "kit: commitment (abababababab..., not cdcdcdcdcdcd...)"),
    ({"model__adapter": "nemo-ctc"}, "adapter (onnx-ctc, not nemo-ctc)"),
    ({"model__files": [["model.onnx", "99" * 32], ["tokens.txt", "34" * 32]]}, "model file: model.onnx (12"),
    ({"model__files": [["model.onnx", "12" * 32]]}, "model file: tokens.txt (343434343434..., not none)"),
    ({"model__front_end": {"kind": "kaldi", "num_mels": 40}}, "front end: num_mels (80, not 40)"),
    ({"model__decoder": {"method": "greedy", "provider": "cuda"}}, "decoder: provider (cpu, not cuda)"),
    ({"model__sample_rate": 8_000}, "sample rate (16000, not 8000)"),
    ({"model__unit": 4}, "batch size (1, not 4)"),
    ({"tool__version": "1.1"}, "version of memaudit (1.0, not 1.1)"),
    ({"tool__packages": {"numpy": "2.1"}}, "version of numpy (2.0, not 2.1)"),
    ({"normaliser": "basic/2"}, "normaliser (basic/1, not basic/2)"),
    ({"controls": None}, "--controls manifest (565656565656..., not none)"),
    ({"controls__recordings": [["control-1", "a text", "99" * 32]]}, "recording of --controls: control-1"),
    ({"options": {"timeout": 9.0}}, "--timeout (60.0, not 9.0)"),
    ({"options": {}}, "--timeout (60.0, not none)"),
    ({"shard": [1, 2]}, "--shard (none, not 1/2)"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "said"), CHANGES)
def test_what_is_not_the_same_is_named(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    path = begun(tmp_path)
    before = path.read_bytes()
    with pytest.raises(JournalError) as caught:
        open_journal(tmp_path, some_header(**changed), resume=True)
    assert f"was begun with another {said}" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "changed",
    [{"kit__path": "/elsewhere"}, {"model__inferred": ["x"]}, {"tool__python": "3.12"}, {"kit__name": "b"}],
)
def test_what_changes_no_result_may_change(changed: dict[str, Any]) -> None:
    assert difference(some_header(), some_header(**changed)) is None


def test_shards_of_one_audit_differ_in_the_shard_alone() -> None:
    assert difference(some_header(shard=[1, 2]), some_header(shard=[2, 2]), shard=False) is None
