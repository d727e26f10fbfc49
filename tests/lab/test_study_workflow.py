"""The weekly workflow asks for what the command takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from memaudit.cli.lab import run
from memaudit.lab.study_profiles import PROFILES

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "lab.yml"


def test_its_command_line_is_one_of_ours_and_runs_weekly() -> None:
    document = yaml.safe_load(WORKFLOW.read_text())
    trigger = document[True]  # "on" is a truth value in YAML 1.1
    (cron,) = [item["cron"] for item in trigger["schedule"]]
    assert cron.split()[2:4] == ["*", "*"]
    assert cron.split()[4].isdigit()
    steps = [step["run"] for step in document["jobs"]["quick"]["steps"] if "run" in step]
    (line,) = [step for step in steps if step.startswith("memaudit lab run ")]
    context = run.make_context("run", shlex.split(line)[3:])
    assert context.params["profile"] in PROFILES
    assert context.params["jobs"] == 2
    assert document["permissions"] == {"contents": "read"}
