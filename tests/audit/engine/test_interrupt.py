"""Ctrl-C, and the sudden end of the parent, leave no process behind."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from memaudit.kit.store import Kit
from tests.audit.engine.conftest import Writer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

# Tells its process id through a connection, which it keeps open as long as it lives, and never comes back.
STUCK = """
import os, socket, threading
def transcribe(waves):
    connection = socket.create_connection(("127.0.0.1", PORT))
    connection.sendall(b"%d\\n" % os.getpid())
    threading.Event().wait()
"""
#: What a program that a shell starts in the background does not have: a shell makes it ignore SIGINT.
SCORE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from memaudit.cli.main import main
main()
"""
#: Nothing takes this long, in seconds: a test that would hang fails.
LIMIT = 60.0


class Running:
    """A scoring process whose model is stuck, and the connections of the processes that run the model."""

    def __init__(self, server: socket.socket, kit: Kit, folder: Path, *words: str) -> None:
        command = [sys.executable, "-c", SCORE, "score"]
        command += [str(kit.root), "--out", str(folder / "out"), *words]
        self._server = server
        self._open: list[socket.socket] = []
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def stuck(self, count: int) -> set[int]:
        """Wait until ``count`` processes are stuck."""
        self._open = [self._server.accept()[0] for _ in range(count)]
        for connection in self._open:
            connection.settimeout(LIMIT)
        return {int(connection.makefile().readline()) for connection in self._open}

    def gone(self) -> list[str]:
        """Wait until all of them have ended, and the one that was asked to score; what it said."""
        for connection in self._open:
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            connection.close()
        return self.process.communicate(timeout=LIMIT)[1].splitlines()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LIMIT)
        yield listening


def source(server: socket.socket) -> str:
    return STUCK.replace("PORT", str(server.getsockname()[1]))


@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGKILL, 2), (signal.SIGTERM, 1)]
)
def test_no_process_is_left(
    server: socket.socket,
    small_kit: Kit,
    tmp_path: Path,
    function: Writer,
    number: signal.Signals,
    jobs: int,
) -> None:
    name = function(source(server))
    running = Running(server, small_kit, tmp_path, "--model", name, "--jobs", str(jobs))
    children = running.stuck(jobs)
    assert len(children) == jobs
    running.process.send_signal(number)
    said = running.gone()
    if number == signal.SIGINT:
        assert running.process.returncode == 2
        assert said[-1].startswith("memaudit: error: interrupted")
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)
    else:
        assert running.process.returncode == -number
    assert not (tmp_path / "out" / "results.json").exists()


def test_a_command_and_what_it_started_end_with_us(
    server: socket.socket, small_kit: Kit, tmp_path: Path
) -> None:
    (tmp_path / "inner.py").write_text(source(server) + "transcribe([])\n")
    (tmp_path / "outer.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'inner.py'], check=True)\n"
    )
    command = f"{shlex.quote(sys.executable)} outer.py"
    running = Running(server, small_kit, tmp_path, "--model-command", command)
    running.stuck(1)
    running.process.send_signal(signal.SIGINT)
    assert running.gone()[-1].startswith("memaudit: error: interrupted")
    assert running.process.returncode == 2
