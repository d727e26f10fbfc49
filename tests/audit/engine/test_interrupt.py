"""Ctrl-C, and the sudden end of the parent, leave no process behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memaudit.kit.store import Kit
from tests.audit.engine.conftest import Writer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and named pipes")

# Tells its process id through a named pipe, which it keeps open as long as it lives, and never comes back.
STUCK = """
import os, threading
def transcribe(waves):
    pipe = os.open("pipe", os.O_WRONLY)
    os.write(pipe, b"%d\\n" % os.getpid())
    threading.Event().wait()
"""


def begin(kit: Kit, folder: Path, *words: str) -> tuple[subprocess.Popen[str], int]:
    """A scoring process whose model is stuck, and the reading end of the pipe."""
    os.mkfifo(folder / "pipe")
    code = "from memaudit.cli.main import main; main()"
    command = [sys.executable, "-c", code, "score", str(kit.root), "--out", str(folder / "out"), *words]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return process, os.open(folder / "pipe", os.O_RDONLY)


def told(pipe: int, count: int) -> set[int]:
    found = b""
    while found.count(b"\n") < count:
        found += os.read(pipe, 100)
    return {int(line) for line in found.split()}


@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGKILL, 2), (signal.SIGTERM, 1)]
)
def test_no_process_is_left(
    small_kit: Kit, tmp_path: Path, function: Writer, number: signal.Signals, jobs: int
) -> None:
    process, pipe = begin(small_kit, tmp_path, "--model", function(STUCK), "--jobs", str(jobs))
    children = told(pipe, jobs)
    assert len(children) == jobs
    process.send_signal(number)
    assert os.read(pipe, 1) == b""  # the last of those who had it open has ended
    os.close(pipe)
    _, errors = process.communicate()
    if number == signal.SIGINT:
        assert process.returncode == 2
        assert errors.splitlines()[-1].startswith("memaudit: error: interrupted")
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)
    else:
        assert process.returncode == -number
    assert not (tmp_path / "out" / "results.json").exists()


def test_a_command_and_what_it_started_end_with_us(small_kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text(STUCK + "transcribe([])\n")
    (tmp_path / "outer.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'inner.py'], check=True)\n"
    )
    command = f"{shlex.quote(sys.executable)} outer.py"
    process, pipe = begin(small_kit, tmp_path, "--model-command", command)
    told(pipe, 1)
    process.send_signal(signal.SIGINT)
    assert os.read(pipe, 1) == b""
    os.close(pipe)
    _, errors = process.communicate()
    assert process.returncode == 2
    assert errors.splitlines()[-1].startswith("memaudit: error: interrupted")
