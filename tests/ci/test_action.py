"""The composite action: its shell steps are run here as a runner would, with the installed console script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from memaudit.kit.store import Kit
from memaudit.report.renderer import RENDERERS
from tests.conftest import Hearer

FOLDER = Path(__file__).parents[2] / ".github/actions/memaudit"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
EXAMPLE: dict[str, Any] = yaml.safe_load((FOLDER / "example-workflow.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
BASH = shutil.which("bash") or "bash"
SCRIPTS = Path(sysconfig.get_path("scripts"))


@dataclass
class Job:
    """A runner that knows what composite actions of shell steps need."""

    folder: Path
    inputs: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""
    code: int = 0

    def run(self) -> Job:
        """The steps in order, until one fails."""
        unknown = self.inputs.keys() - ACTION["inputs"].keys()
        assert not unknown
        for step in STEPS:
            self.code = self._step(step)
            if self.code:
                break
        return self

    @property
    def summary(self) -> str:
        path = self.folder / "summary.md"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _step(self, step: dict[str, Any]) -> int:
        output = self.folder / f"output-{step['id']}"
        output.touch()
        environment = {
            **os.environ,
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **{name: self._value(text) for name, text in step["env"].items()},
        }
        script = self.folder / f"{step['id']}.sh"
        script.write_text(step["run"], encoding="utf-8")
        # The command line that a runner uses for `shell: bash`.
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.log += done.stdout + done.stderr
        lines = output.read_text(encoding="utf-8").splitlines()
        self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
        return done.returncode

    def _value(self, text: str) -> str:
        """``${{ inputs.x }}`` and ``${{ steps.y.outputs.x }}`` filled in."""

        def fill(found: re.Match[str]) -> str:
            parts = found[1].split(".")
            if parts[0] == "inputs":
                return self.inputs.get(parts[1], str(ACTION["inputs"][parts[1]].get("default", "")))
            assert (parts[0], parts[2]) == ("steps", "outputs")
            return self.outputs[parts[1]][parts[3]]

        return re.sub(r"\$\{\{ ([a-z.-]+) \}\}", fill, text)


@pytest.fixture
def job(small_kit: Kit, hear: Hearer, tmp_path: Path) -> Any:
    def start(*, inserted: bool, controls: bool = True, **inputs: str) -> Job:
        hear(small_kit, inserted=inserted, controls=controls)
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        base = {"kit": str(small_kit.root), "transcripts": "heard.jsonl", "install": ""}
        return Job(tmp_path, base | given).run()

    return start


def test_a_leak_fails_the_job_and_is_told_in_the_summary(job: Any) -> None:
    done = job(inserted=True, reports="junit")
    assert done.code == 1, done.log
    assert done.outputs["score"] == {
        "exit-code": "1",
        "verdict": "failed",
        "results": "memaudit-audit/results.json",
        "report": "memaudit-audit/report.html",
    }
    assert "Failed" in done.summary
    assert "accuracy_gap@16/4x <= 0.10" in done.summary
    assert list((done.folder / "memaudit-audit").glob("*.xml"))


def test_a_pass(job: Any) -> None:
    gates = "accuracy_gap <= 0.6\n\n  exact_gap@16 <= 0.9  \n"
    done = job(inserted=False, gates=gates, assume_injected="true", out="an audit")
    assert done.code == 0, done.log
    assert done.outputs["score"]["verdict"] == "passed"
    assert "exact_gap@16/4x <= 0.9" in done.summary


@pytest.mark.parametrize(("policy", "code"), [("fail", 3), ("warn", 0)])
def test_inconclusive(job: Any, policy: str, code: int) -> None:
    done = job(inserted=False, controls=False, inconclusive=policy)
    assert done.code == code, done.log
    assert done.outputs["score"]["verdict"] == "inconclusive"
    assert ("::warning title=memaudit::" in done.log) == (policy == "warn")
    assert "Inconclusive" in done.summary


def test_a_baseline(job: Any, tmp_path: Path) -> None:
    assert job(inserted=True, assume_injected="true", out="before").code == 1
    done = job(inserted=True, assume_injected="true", baseline="before", out="after")
    assert done.code == 0, done.log
    assert "no worse than the baseline" in done.summary


def test_what_is_wrong_with_the_input_is_no_verdict(job: Any) -> None:
    done = job(inserted=True, gates="safety <= 1")
    assert done.code == 2
    assert done.outputs["score"]["verdict"] == "error"
    assert "'safety' is no metric" in done.log
    assert "could not score" in done.summary


def test_options_are_words_and_inputs_are_no_code(job: Any) -> None:
    hostile = '$(touch pwned) `touch pwned` "; touch pwned; "'
    done = job(inserted=True, gates=hostile)
    assert done.code == 2
    assert not (done.folder / "pwned").exists()
    done = job(inserted=True, options="--gate\naccuracy_gap <= 1\n--quiet")
    assert done.code == 0, done.log
    assert "accuracy_gap@16/4x <= 1" in done.summary
    for step in STEPS:
        assert "${{" not in step["run"]


def test_every_input_is_used_and_described() -> None:
    used = {
        name
        for step in STEPS
        for text in step["env"].values()
        for name in re.findall(r"inputs\.([a-z-]+)", text)
    }
    assert used == set(ACTION["inputs"])
    for table in (ACTION["inputs"], ACTION["outputs"]):
        assert all(one["description"] for one in table.values())
    assert all(step["shell"] == "bash" for step in STEPS)


def test_the_example_workflow_uses_inputs_that_exist() -> None:
    steps = EXAMPLE["jobs"]["audit"]["steps"]
    (audit,) = [step for step in steps if "memaudit" in step.get("uses", "")]
    assert (Path(__file__).parents[2] / audit["uses"] / "action.yml").is_file()
    assert set(audit["with"]) <= set(ACTION["inputs"])
    assert {name for name, one in ACTION["inputs"].items() if one.get("required")} <= set(audit["with"])
    assert set(audit["with"]["reports"].split(",")) <= set(RENDERERS)
