"""`score --engine ray` on a cluster of two nodes: the results of any engine, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from memaudit.kit.packaged import kits_folder
from tests.audit.engine.conftest import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray"),
]

KIT = kits_folder() / "reference"
MODEL = kits_folder() / "recognisers" / "clipped"
SCORE = "from memaudit.cli.main import main; main()"
HEARD = 60
"""Lines of the journal after which something is lost: an eighth of the audit."""


class TwoNodes:
    """The cluster of `two_nodes`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.audit.engine.two_nodes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        )
        self.address = self._said(":")

    def lose(self) -> None:
        """Kill the second node."""
        assert self._process.stdin is not None
        print("lose", file=self._process.stdin, flush=True)
        self._said("done")

    def close(self) -> None:
        self._process.communicate(timeout=120)

    def _said(self, part: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if part in line and " " not in line:
                return line.strip()
        raise AssertionError("the cluster ended")


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    found = TwoNodes()
    yield found
    found.close()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same audit in a process of this machine."""
    out = tmp_path_factory.mktemp("here") / "audit"
    assert run("score", KIT, "--model", MODEL, "--out", out, "--assume-injected").exit_code == 3
    return out


def started(nodes: TwoNodes, out: Path, *words: str) -> subprocess.Popen[str]:
    given = ["score", KIT, "--model", MODEL, "--out", out, "--assume-injected", *words]
    ray = ["--engine", "ray", "--ray-address", nodes.address, "--jobs", "2"]
    return subprocess.Popen(
        [sys.executable, "-c", SCORE, *map(str, given), *ray],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_heard(process: subprocess.Popen[str], out: Path, lines: int) -> None:
    path = out / "journal"
    while not (path.is_file() and path.read_bytes().count(b"\n") >= lines):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def same(one: Path, other: Path) -> None:
    assert (one / "utterances.jsonl").read_bytes() == (other / "utterances.jsonl").read_bytes()
    documents = [json.loads((folder / "results.json").read_text()) for folder in (one, other)]
    assert {key for key in documents[0] if documents[0][key] != documents[1][key]} <= {"created"}


def test_a_driver_that_dies_resumes(nodes: TwoNodes, here: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    process = started(nodes, out)
    until_heard(process, out, HEARD)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = set((out / "journal").read_bytes().splitlines(keepends=True))
    process = started(nodes, out, "--resume")
    _, said = process.communicate()
    assert process.returncode == 3, said
    whole = {line for line in before if line.endswith(b"\n")}
    assert len(whole) >= HEARD
    assert whole <= set((out / "journal").read_bytes().splitlines(keepends=True))
    same(out, here)


def test_errors_are_one_line(nodes: TwoNodes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    words = ["score", KIT, "--out", tmp_path / "out", "--engine", "ray", "--quiet"]
    for more, said in (
        (["--model", tmp_path / "model.onnx", "--ray-address", nodes.address], "model.onnx"),
        (["--model", MODEL, "--ray-address", "127.0.0.1:1"], "--ray-address 127.0.0.1:1: there is no Ray"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", SCORE, *map(str, [*words, *more])],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RAY_gcs_rpc_server_connect_timeout_s": "1"},
        )
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


def test_a_lost_node_loses_nothing(nodes: TwoNodes, here: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    process = started(nodes, out)
    until_heard(process, out, HEARD)
    nodes.lose()
    _, said = process.communicate()
    assert process.returncode == 3, said
    assert "An actor was lost" in said
    same(out, here)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ray-address", "auto"], "need --engine ray"),
        (["--engine", "ray", "--transcripts", "x"], "--engine ray needs --model"),
        (["--engine", "other"], "--engine"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, words: list[str], said: str) -> None:
    model = [] if "--transcripts" in words else ["--model", str(MODEL)]
    result = run("score", KIT, *model, "--out", tmp_path, *words)
    assert result.exit_code == 2
    assert said in result.stderr
