"""Recordings, models that are files, and models that are functions, for the engines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from memaudit.audit.engine.work import Item
from memaudit.cli.main import cli
from memaudit.kit.audio import write_flac
from memaudit.kit.packaged import kits_folder

#: A recogniser with losses, which the package ships.
MODEL = kits_folder() / "recognisers" / "unclipped"
TEXTS = ("water wolf", "window", "woman yellow zebra", "zero", "water", "whistle wolf", "zebra", "window")


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Eight recordings of noise at the rate of `MODEL`, longer and longer."""
    found = []
    for number, text in enumerate(TEXTS):
        samples = np.random.default_rng(number).normal(0, 0.05, 8_000 + 1_000 * number).astype(np.float32)
        path = tmp_path / "audio" / f"u{number}.flac"
        write_flac(path, samples.clip(-1, 1), 16_000)
        found.append(Item(f"u{number}", str(path), text))
    return found


Writer = Callable[[str], str]


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Writes the module of a function ``transcribe`` into the current folder; returns its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(body: str) -> str:
        (tmp_path / "my_asr.py").write_text(body, encoding="utf-8")
        sys.modules.pop("my_asr", None)
        return "python:my_asr:transcribe"

    return write


def run(*words: str | Path) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def refused(result: Result, *parts: str) -> None:
    """Exit code 2 and, after what was told of the model, one line that holds the parts."""
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert [line for line in lines if line.startswith("memaudit: error: ")] == lines[-1:]
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in lines[-1], lines[-1]
