"""Full disks, kits and folders that vanish while a model runs: one line, exit code 2, the journal kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from memaudit.kit.store import Kit
from tests.audit.engine.conftest import Writer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")

# Does something to the place where it runs when it is called for the second time.
MODEL = """
import os, shutil
calls = 0
def transcribe(waves):
    global calls
    calls += 1
    if calls == 2 and os.path.exists("go"):
        os.remove("go")
        {harm}
    return [(str(len(wave)), 0.001 * len(wave)) for wave in waves]
"""
SCORE = [sys.executable, "-c", "from memaudit.cli.main import main; main()", "score", "kit"]


def score(folder: Path, *words: str, limit: Callable[[], None] | None = None) -> tuple[int, list[str]]:
    """Exit code, and the lines on standard error."""
    done = subprocess.run(
        [*SCORE, "--model", "python:my_asr:transcribe", "--quiet", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SOURCE_DATE_EPOCH": "1700000000"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def whole(small_kit: Kit, tmp_path: Path, function: Writer) -> bytes:
    """The utterances of an audit that nothing happens to; the kit is copied beside it."""
    shutil.copytree(small_kit.root, tmp_path / "kit")
    function(MODEL.format(harm="pass"))
    code, said = score(tmp_path, "--out", "whole")
    assert code == 3, said
    return (tmp_path / "whole" / "utterances.jsonl").read_bytes()


def one_line(said: list[str], *parts: str) -> None:
    assert len(said) == 1, said
    assert said[0].startswith("memaudit: error: ")
    for part in parts:
        assert part in said[0], said


def no_half_file(out: Path) -> None:
    """The journal, and nothing else."""
    assert [path.name for path in out.iterdir()] == ["journal"]


@pytest.mark.slow
def test_a_disk_that_is_full_ends_with_one_line_and_the_audit_goes_on(tmp_path: Path, whole: bytes) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500, resource.RLIM_INFINITY))

    code, said = score(tmp_path, "--out", "out", limit=limit)
    assert code == 2
    one_line(said, "out", "cannot be written", "File too large")
    no_half_file(tmp_path / "out")
    code, said = score(tmp_path, "--out", "out", "--resume")
    assert code == 3, said
    assert (tmp_path / "out" / "utterances.jsonl").read_bytes() == whole


@pytest.mark.slow
def test_a_kit_that_vanishes_ends_with_one_line_and_the_audit_goes_on(
    tmp_path: Path, whole: bytes, function: Writer
) -> None:
    harm = "os.rename('kit/audit/audio', 'kit/audit/away')"
    function(MODEL.format(harm=harm))
    (tmp_path / "go").touch()
    code, said = score(tmp_path, "--out", "out")
    assert code == 2
    one_line(said, ".flac: cannot be read as audio")
    no_half_file(tmp_path / "out")
    (tmp_path / "kit" / "audit" / "away").rename(tmp_path / "kit" / "audit" / "audio")
    code, said = score(tmp_path, "--out", "out", "--resume")
    assert code == 3, said
    assert (tmp_path / "out" / "utterances.jsonl").read_bytes() == whole


@pytest.mark.parametrize("place", ["file/out", "file", "/dev/full/out", "/proc/out"])
def test_places_that_cannot_be_written(tmp_path: Path, small_kit: Kit, function: Writer, place: str) -> None:
    (tmp_path / "kit").symlink_to(small_kit.root)
    (tmp_path / "file").touch()
    function(MODEL.format(harm="pass"))
    code, said = score(tmp_path, "--out", place)
    assert code == 2
    one_line(said, place)


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path, small_kit: Kit, function: Writer) -> None:
    (tmp_path / "kit").symlink_to(small_kit.root)
    (tmp_path / "out").mkdir(mode=0o555)
    function(MODEL.format(harm="pass"))
    code, said = score(tmp_path, "--out", "out")
    assert code == 2
    one_line(said, "out", "Permission denied")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_a_folder_that_vanishes_leaves_no_half_file(tmp_path: Path, whole: bytes, function: Writer) -> None:
    function(MODEL.format(harm="shutil.rmtree('out'); open('out', 'w').close()"))
    (tmp_path / "go").touch()
    code, said = score(tmp_path, "--out", "out")
    assert whole
    assert code == 2
    one_line(said, "out")
    assert (tmp_path / "out").read_bytes() == b""
