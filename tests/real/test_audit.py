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


def test_a_model_that_never_saw_the_kit(tmp_path: Path, moonshine: Path) -> None:
    (tmp_path / "unseen.toml").write_text(RECIPE)
    made = memaudit("make-kit", "kit", "--recipe", "unseen.toml", "--seed", "5", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    model = ("--model", moonshine, "--jobs", "2")
    done = memaudit("score", "kit", *model, "--out", "audit", "--assume-injected", *GATES, folder=tmp_path)
    results = json.loads((tmp_path / "audit" / "results.json").read_text())
    check_nothing_is_found(results)
    check_what_was_heard(results)
    check_words(" ".join(done.stdout.split()), results["verdict"])
    assert done.returncode == {"passed": 0, "inconclusive": 3}[results["verdict"]], done.stderr
    assert (tmp_path / "audit" / "report.html").stat().st_size > 10_000
    again = memaudit("gate", "audit/results.json", *GATES, folder=tmp_path)
    assert again.returncode == done.returncode, again.stderr


def check_nothing_is_found(results: Any) -> None:
    """No gate fails, and every gap may be 0."""
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


def check_what_was_heard(results: Any) -> None:
    """The controls and speed 1 are read, speed 4 is not."""
    assert results["model"]["adapter"] == "moonshine"
    assert results["membership"] == "loss"
    assert results["controls"]["passed"] is True
    assert results["controls"]["accuracy"] > 0.9
    for cell in results["cells"]:
        for arm in ("inserted", "held_out"):
            read = cell[arm]["accuracy"]
            assert read > 0.85 if cell["speed"] == 1 else read < 0.35
            assert cell[arm]["loss"] > 0


def check_words(said: str, verdict: str) -> None:
    """What the terminal says of it."""
    assert said.startswith(verdict.capitalize())
    assert "Memorisation was not detected at this power, which is no proof of its absence" in said
    assert "assumed, not proved" in said
    assert " safe" not in said
