"""`memaudit doctor`: here all works; what is taken away is told, and nothing is changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from memaudit.audit import doctor
from memaudit.cli.main import cli

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9._-]+", text)[0] for text in requirements}  # type: ignore[index]


def test_it_looks_at_every_dependency_and_extra() -> None:
    assert set(doctor.NEEDED) == names(PROJECT["dependencies"])
    assert set(doctor.EXTRAS) == set(PROJECT["optional-dependencies"]) - {"test"}
    for name, (modules, _) in doctor.EXTRAS.items():
        assert len(modules) == len(names(PROJECT["optional-dependencies"][name])), name
    least, below = doctor.PYTHONS
    assert PROJECT["requires-python"] == f">={least[0]}.{least[1]},<{below[0]}.{below[1]}"


def test_all_works_here_and_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["passed"] is True
    found = {(one["area"], one["name"]): one for one in document["findings"]}
    assert {area for area, _ in found} == {
        "python", "package", "extra", "voices", "providers", "adapters", "files", "isolation", "round",
    }  # fmt: skip
    assert "cpu" in found["providers", "onnxruntime"]["found"]
    assert "onnx-ctc" in found["adapters", "model families"]["found"]
    assert all(code in found["voices", "espeak-ng"]["found"] for code in ("en", "de", "tr"))
    spoken, heard = re.findall(r"'([^']*)'", found["round", "speak, speed up, score"]["found"])
    assert spoken.split()[0] in heard
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def without(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run memaudit where one module cannot be found."""
    program = (
        "import sys, importlib.machinery as m\n"
        "real = m.PathFinder.find_spec\n"
        "def find(name, path=None, target=None):\n"
        f"    return None if name.split('.')[0] == {module!r} else real(name, path, target)\n"
        "m.PathFinder.find_spec = find\n"
        "from memaudit.cli.main import main\n"
        "main()\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("module", ["soundfile", "rich", "onnxruntime"])
def test_a_package_that_is_missing_is_told(module: str) -> None:
    done = without(module, "doctor")
    assert done.returncode == 1, done.stderr
    assert f"MISSING  {module}: not installed" in done.stdout
    assert f"pip install {module}" in done.stdout
    assert re.search(rf"^missing: .*{module}", done.stdout, re.MULTILINE)
    assert "Traceback" not in done.stdout + done.stderr


def test_an_extra_that_is_absent_is_no_fault() -> None:
    done = without("torch", "doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = {(one["area"], one["name"]): one for one in json.loads(done.stdout)["findings"]}
    assert found["extra", "torch"]["status"] == "absent"
    assert "memaudit-asr[torch]" in found["extra", "torch"]["how"]
    assert "without the extra torch: exported-program" in found["adapters", "model families"]["found"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "MISSING  temporary folder" in result.stdout


def test_another_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PYTHONS", ((2, 6), (2, 8)))
    first = next(iter(doctor.examine()))
    assert (first.status, first.how) == ("missing", "use Python 2.6 to 2.7")
