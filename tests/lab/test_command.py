"""`memaudit lab` from the outside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from memaudit.cli.main import cli


@pytest.mark.parametrize("package", ["torch", "onnx", "onnxscript"])
def test_without_its_packages_it_names_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # what Python takes as not installed
    result = CliRunner().invoke(cli, ["lab", "reference", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert result.stderr == (
        "memaudit: error: memaudit lab needs packages that are not installed; "
        "run: pip install 'memaudit-asr[lab]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = CliRunner().invoke(cli, ["lab", "reference", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "is there already" in result.stderr


def test_help_names_the_command_to_run() -> None:
    result = CliRunner().invoke(cli, ["lab", "reference", "--help"])
    assert result.exit_code == 0
    assert "memaudit lab reference --out DIR" in result.output
