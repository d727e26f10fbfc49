"""Folders that take their name when they are whole, and what killed builds leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memaudit.errors import OutputError
from memaudit.kit.building import building, recover
from memaudit.kit.make import make_kit
from memaudit.kit.store import Kit, open_kit
from tests.kit.recipes import tiny

BUILD = """
import os, signal, sys
from pathlib import Path
from memaudit.kit.building import building
with building(Path(sys.argv[1])) as place:
    (place / "half").write_text("half")
    print(place, flush=True)
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
"""


def start(out: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(out), how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    with start(tmp_path / "kit", "die") as dead:
        left = Path(dead.communicate()[0].strip())
    assert (left / "half").is_file()
    (tmp_path / ".other.0123abcd.part").mkdir()
    (tmp_path / ".kit.0123abcd.part.txt").mkdir()
    kit = make_kit(tiny(), tmp_path / "kit", seed=1)
    open_kit(kit.root)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".kit.0123abcd.part.txt", ".other.0123abcd.part", "kit",
    ]  # fmt: skip


def test_what_another_process_is_building_stays(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    with start(out, "wait") as running:
        assert running.stdout is not None
        place = Path(running.stdout.readline().strip())
        recover(out)
        assert (place / "half").is_file()
        with building(out) as mine:
            (mine / "whole").write_text("whole")
        assert (place / "half").is_file()
        assert (out / "whole").is_file()
        running.communicate("")
    assert (out / "half").is_file()  # the later one to end has the name
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]


def test_an_older_kit_that_was_moved_away_comes_back(tmp_path: Path, made: Kit) -> None:
    out = tmp_path / "kit"
    make_kit(tiny(), out, seed=11)
    out.rename(tmp_path / ".kit.0123abcd.old")  # killed between the two renames
    with pytest.raises(OutputError, match="already holds a kit"):
        make_kit(tiny(), out, seed=2)
    assert open_kit(out).commitment == made.commitment
    (tmp_path / ".kit.0123abcd.old").mkdir()  # killed after them
    make_kit(tiny(), out, seed=2, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]


def test_links_are_never_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("mine")
    (tmp_path / ".kit.0123abcd.part").symlink_to(tmp_path / "precious")
    recover(tmp_path / "kit")
    assert (tmp_path / "precious/file").read_text() == "mine"


def test_a_failed_rename_puts_the_older_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "kit"
    out.mkdir()
    (out / "older").write_text("older")
    rename, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(KeyboardInterrupt), building(out) as place:
        (place / "newer").write_text("newer")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["kit"]  # noqa: PTH208
    assert (out / "older").is_file()
