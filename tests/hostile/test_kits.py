"""Kits that lead elsewhere, repeat themselves, or never end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memaudit.errors import KitError
from memaudit.kit.store import ASSIGNMENT, INFO, Kit, open_kit
from tests.fuzz.kits import rehash, tone_kit
from tests.hostile.bounded import attempt

AWAY = (
    "../x.flac",
    "audit/../../x.flac",
    "/etc/passwd",
    "C:/x.flac",
    "audit\\audio\\x.flac",
    "audit//x",
    "./x",
)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return tone_kit(tmp_path / "kit")


def refused(root: Path) -> str:
    with pytest.raises(KitError) as caught:
        open_kit(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(path: Path, edit: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def lines(kit: Kit, edit: Callable[[list[dict[str, Any]]], None], *, forged: bool = True) -> None:
    path = kit.root / ASSIGNMENT
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    edit(rows)
    path.write_text("".join(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in rows))
    if forged:
        rehash(kit.root, list(kit.canaries))


@pytest.mark.parametrize("name", AWAY)
def test_a_file_list_that_leads_elsewhere(kit: Kit, name: str) -> None:
    change(kit.root / INFO, lambda info: info["files"].update({name: "0" * 64}))
    assert "may leave the kit" in refused(kit.root)


@pytest.mark.parametrize("name", AWAY)
def test_a_canary_whose_audio_is_elsewhere(kit: Kit, name: str) -> None:
    lines(kit, lambda rows: rows[0].update(audio=name))
    assert "the place for its arm" in refused(kit.root)


@pytest.mark.parametrize("name", ["../x", "a/b", "C0", "c0.", "con:", "", "c0\n", "\u0441", "a" * 65])
def test_an_id_that_is_a_path_or_another_alphabet(kit: Kit, name: str) -> None:
    lines(kit, lambda rows: rows[0].update(id=name, audio=f"train/audio/{name}.flac"))
    refused(kit.root)


@pytest.mark.parametrize("place", ["file", "folder", "list"])
def test_links_out_of_the_kit(kit: Kit, tmp_path: Path, place: str) -> None:
    inside = {
        "file": kit.audio_path(kit.canaries[0]),
        "folder": kit.root / "audit" / "audio",
        "list": kit.root / ASSIGNMENT,
    }[place]
    outside = tmp_path / "outside"
    shutil.move(inside, outside)
    inside.symlink_to(outside)
    assert "is a link" in refused(kit.root)


def test_a_pipe_in_the_kit_is_not_waited_for(kit: Kit) -> None:
    os.mkfifo(kit.root / "audit" / "audio" / "wait.flac")
    assert "no plain file" in refused(kit.root)


def test_a_hard_link_out_of_the_kit_is_a_changed_file(kit: Kit, tmp_path: Path) -> None:
    """A hard link is the file itself; what counts is that the bytes are those of the kit."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"something private")
    path = kit.audio_path(kit.canaries[0])
    path.unlink()
    path.hardlink_to(outside)
    assert "was changed since the kit was made" in refused(kit.root)


def test_ids_that_are_there_twice(kit: Kit) -> None:
    lines(kit, lambda rows: rows.insert(1, dict(rows[0])))
    assert "there twice or out of order" in refused(kit.root)


def test_names_that_differ_by_case_only(kit: Kit) -> None:
    """On a disk that does not tell them apart one would stand for the other."""
    first = kit.audio_path(kit.canaries[0])
    other = first.with_name(first.name.upper())
    if other.exists():
        pytest.skip("this disk does not tell them apart")
    shutil.copyfile(first, other)
    rehash(kit.root, list(kit.canaries))
    assert "belongs to no canary" in refused(kit.root)


def test_keys_that_are_there_twice_in_one_line(kit: Kit) -> None:
    """JSON readers disagree on such lines: the assignment must be as memaudit writes it."""
    path = kit.root / ASSIGNMENT
    path.write_text(path.read_text().replace('"arm":"inserted"', '"arm":"held_out","arm":"inserted"', 1))
    rehash(kit.root, list(kit.canaries))
    assert "does not fit the commitment" in refused(kit.root)


@pytest.mark.slow
def test_a_list_of_a_million_files(kit: Kit) -> None:
    change(
        kit.root / INFO,
        lambda info: info["files"].update({f"audit/audio/{n:07}.flac": "0" * 64 for n in range(1_000_000)}),
    )
    code = f"from pathlib import Path; memaudit.kit.store.open_kit(Path({str(kit.root)!r}))"
    found = attempt(code, 2000)
    assert found.startswith("refused:")
    assert "is missing" in found


@pytest.mark.slow
def test_an_assignment_of_a_million_lines(kit: Kit) -> None:
    path = kit.root / ASSIGNMENT
    row = json.loads(path.read_text().splitlines()[0])
    line = json.dumps({**row, "id": "ID", "audio": row["audio"].replace(row["id"], "ID")})
    with path.open("w") as stream:
        stream.writelines(line.replace("ID", f"c{n:07}") + "\n" for n in range(1_000_000))
    code = (
        "from pathlib import Path\n"
        f"count = sum(1 for _ in memaudit.kit.store.read_canaries(Path({str(kit.root)!r})))\n"
        "assert count == 1_000_000"
    )
    assert attempt(code, 64) == "taken"  # a line at a time


def test_an_assignment_without_line_ends(kit: Kit) -> None:
    path = kit.root / ASSIGNMENT
    with path.open("r+b") as stream:
        stream.truncate(1 << 33)  # eight gigabytes of zero bytes, of which the disk holds none
    code = f"from pathlib import Path; memaudit.kit.store.open_kit(Path({str(kit.root)!r}))"
    assert attempt(code, 600).startswith("refused:")


def test_a_kit_json_of_eight_gigabytes(kit: Kit) -> None:
    with (kit.root / INFO).open("r+b") as stream:
        stream.truncate(1 << 33)
    code = f"from pathlib import Path; memaudit.kit.store.open_kit(Path({str(kit.root)!r}))"
    assert attempt(code, 6000).startswith("refused:")
