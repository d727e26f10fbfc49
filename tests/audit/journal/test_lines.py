"""Lines that show damage: what was written comes back, what was cut is dropped, what was changed is named."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit.journal.lines import Found, line, read_lines
from memaudit.errors import JournalError

VALUES = st.lists(
    st.dictionaries(st.text(max_size=4), st.text() | st.integers() | st.floats(allow_nan=False), max_size=3),
    min_size=1,
    max_size=6,
)


def written(values: list[Any]) -> bytes:
    found, check = b"", 0
    for value in values:
        data, check = line(value, check)
        found += data
    return found


def read(data: bytes) -> tuple[list[Any], Found]:
    values: list[Any] = []
    return values, read_lines(io.BytesIO(data), Path("journal"), values.append)


@given(VALUES)
def test_what_is_written_comes_back(values: list[Any]) -> None:
    data = written(values)
    assert data.count(b"\n") == len(values)
    found, end = read(data)
    assert found == values
    assert end.size == len(data)
    more, _ = line("next", end.check)
    assert read(data + more)[0] == [*values, "next"]


@given(VALUES, st.data())
def test_a_cut_loses_the_torn_line_alone(values: list[Any], data: st.DataObject) -> None:
    whole = written(values)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    found, end = read(cut)
    assert found == values[: cut.count(b"\n")]
    assert end.size == cut.rfind(b"\n") + 1


@given(VALUES, st.data())
def test_a_changed_byte_is_seen(values: list[Any], data: st.DataObject) -> None:
    whole = bytearray(written([*values, "last"]))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    number = bytes(whole[:place]).count(b"\n") + 1
    found: list[Any] = []
    refused = ""
    try:
        read_lines(io.BytesIO(bytes(whole)), Path("journal"), found.append)
    except JournalError as error:
        refused = error.where
    assert found == values[: len(found)]
    if number < len(values):
        assert refused == f"journal:{number}"
    else:  # in the last line, or the end of the one before it, this may be what a torn line leaves
        assert refused in ("", f"journal:{number}")


@given(VALUES)
def test_lines_that_were_lost_doubled_or_moved_are_seen(values: list[Any]) -> None:
    rows = written([{"first": 1}, *values, {"last": 1}, {"end": 1}]).splitlines(keepends=True)
    for changed in (rows[1:], [rows[0], *rows], [rows[1], rows[0], *rows[2:]]):
        with pytest.raises(JournalError, match="this line is not as it was written"):
            read(b"".join(changed))


def test_halves_of_characters_and_odd_line_ends() -> None:
    values = ["a\u2028b\x85c\r", "\ud83d", "\x00"]
    assert read(written(values))[0] == values
