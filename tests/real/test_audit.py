"""A whole audit, command by command, of a real model that never saw the kit: nothing may be found."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

PROGRAM = Path(sysconfig.get_path("scripts")) / "memaudit"
#: In a clear voice, so that speed 1 is read and the gap there is known well too.
RECIPE = """
schema = "memaudit/recipe/1"
name = "unseen"

[text]
words = [5, 7]

[speech]
engine = "hibari"
voices = ["heart"]

[speed]
factors = [1.0, 4.0]

[design]
repetitions = [1, 16]
pairs_per_cell = 32
reserve_per_speed = 100
controls = 20
"""
GATES = ("--gate", "accuracy_gap/1x <= 0.10", "--gate", "accuracy_gap/4x <= 0.10")


def memaudit(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, moonshine: Path) -> Path:
    """With a kit, and what `memaudit score` wrote and said."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "unseen.toml").write_text(RECIPE)
    made = memaudit("make-kit", "kit", "--recipe", "unseen.toml", "--seed", "5", folder=folder)
    assert made.returncode == 0, made.stderr
    model = ("--model", moonshine, "--jobs", "2")
    done = memaudit("score", "kit", *model, "--out", "audit", "--assume-injected", *GATES, folder=folder)
    assert done.returncode in {0, 3}, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    (folder / "code.txt").write_text(str(done.returncode))
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> Any:
    return json.loads((folder / "audit" / "results.json").read_text())


def test_no_gate_fails_and_every_gap_may_be_0(results: Any) -> None:
    assert len(results["gates"]) == len(results["cells"]) == 4
    for gate in results["gates"]:
        assert gate["status"] in {"passed", "inconclusive"}
        assert gate["low"] <= 0 <= gate["high"]
    for cell in results["cells"]:
        assert cell["accuracy_gap"]["low"] <= 0 <= cell["accuracy_gap"]["high"]
        assert cell["exact_gap"]["low"] <= 0 <= cell["exact_gap"]["high"]
        assert cell["auc"]["low"] <= 0.5 <= cell["auc"]["high"]
        assert cell["exposure"]["low"] <= cell["exposure"]["null_mean"] <= cell["exposure"]["high"]
        assert cell["p_adjusted"] > 0.05
        assert cell["epsilon"]["group"] == 0


def test_the_model_was_loaded_and_heard_what_a_real_one_hears(results: Any) -> None:
    assert results["model"]["adapter"] == "moonshine"
    assert results["membership"] == "loss"
    assert results["controls"]["passed"] is True
    assert results["controls"]["accuracy"] > 0.9
    for cell in results["cells"]:
        for arm in ("inserted", "held_out"):
            read = cell[arm]["accuracy"]
            assert read > 0.85 if cell["speed"] == 1 else read < 0.35
            assert cell[arm]["loss"] > 0


def test_the_verdict_in_words_and_in_the_exit_code(folder: Path, results: Any) -> None:
    said = " ".join((folder / "said.txt").read_text().split())
    verdict, code = {"0": ("passed", 0), "3": ("inconclusive", 3)}[(folder / "code.txt").read_text()]
    assert results["verdict"] == verdict
    assert said.startswith(verdict.capitalize())
    assert "At 4 times speed memorisation was not detected at this power" in said
    assert "That is no proof of its absence" in said
    assert "assumed, not proved" in said
    assert " safe" not in said
    again = memaudit("gate", "audit/results.json", *GATES, folder=folder)
    assert again.returncode == code, again.stderr
    assert (folder / "audit" / "report.html").stat().st_size > 10_000
