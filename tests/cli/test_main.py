"""The command group: quick to start, one line for what a user can mend, settings from files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from memaudit import __version__
from memaudit.cli.main import COMMANDS, cli

SHARED = "[tool.memaudit]\nformats = 'a'"
HEAVY = {"numpy", "scipy", "onnxruntime", "torch", "matplotlib", "soundfile", "pydantic", "jinja2", "rich"}


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_starting_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from memaudit.cli.main import cli\n"
        f"cli({words!r}, standalone_mode=False)\n"
        "print('|', *{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "memaudit" in done.stdout
    assert not HEAVY & set(done.stderr.split("|")[1].split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    pytest.importorskip("torch") if name == "lab" else None
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"memaudit {name}" in result.stdout
    for option in ("--json", "--quiet", "--verbose"):
        assert option in result.stdout or name == "lab"


def test_the_version() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output.strip() == f"memaudit, version {__version__}"


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["safety"]).exit_code == 2


@pytest.mark.parametrize(
    ("file", "text", "part"),
    [
        ("memaudit.toml", "this is no toml", "memaudit.toml: is no TOML file"),
        ("memaudit.toml", "[sccore]\nout = 'x'", "'sccore' is named like no command"),
        ("pyproject.toml", "[tool]\nmemaudit = 3", "tool.memaudit is no table"),
    ],
)
def test_bad_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, part: str
) -> None:
    (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["kits"])
    assert result.exit_code == 2
    assert part in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("files", "environment", "words", "expected"),
    [
        ({}, {}, [], "html"),
        ({"pyproject.toml": SHARED}, {}, [], "a"),
        ({"pyproject.toml": SHARED + "\n[tool.memaudit.report]\nformats = 'b'"}, {}, [], "b"),
        ({"pyproject.toml": SHARED, "memaudit.toml": "formats = 'c'"}, {}, [], "c"),
        ({"memaudit.toml": "formats = 'c'"}, {"MEMAUDIT_REPORT_FORMATS": "d"}, [], "d"),
        ({"memaudit.toml": "formats = 'c'"}, {"MEMAUDIT_REPORT_FORMATS": "d"}, ["--format", "e"], "e"),
    ],
)  # fmt: skip
def test_flags_win_over_environment_over_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    environment: dict[str, str],
    words: list[str],
    expected: str,
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    seen = []
    report = cli.get_command(click.Context(cli), "report")
    assert report is not None
    monkeypatch.setattr(report, "callback", lambda **values: seen.append(values["formats"]))
    result = CliRunner().invoke(cli, ["report", ".", "--out", "x", *words], env=environment)
    assert result.exit_code == 0, result.output
    assert seen == [(expected,)]


def test_an_interrupted_command_is_not_a_failed_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    kits = cli.get_command(click.Context(cli), "kits")
    assert kits is not None

    def interrupt(**values: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kits, "callback", interrupt)
    result = CliRunner().invoke(cli, ["kits"])
    assert result.exit_code == 2
    assert "interrupted" in result.stderr
