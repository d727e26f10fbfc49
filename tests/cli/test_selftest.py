"""memaudit selftest: what it prints, and that a broken statistic is told."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from memaudit.audit.selftest import published, simulated
from memaudit.audit.selftest.published import PUBLISHED
from memaudit.audit.selftest.simulated import SIMULATED
from memaudit.audit.selftest.trial import Trial, at_most
from memaudit.audit.selftest.trial import published as value
from memaudit.cli.main import cli


def test_everything_is_as_promised() -> None:
    done = CliRunner().invoke(cli, ["selftest", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["passed"] is True
    kinds = {trial["kind"] for trial in document["trials"]}
    assert kinds == {"published", "simulated"}
    assert len(document["trials"]) == sum(1 for group in (*PUBLISHED, *SIMULATED) for _ in group())
    for trial in document["trials"]:
        assert trial["low"] <= trial["measured"] <= trial["high"]


def test_a_broken_statistic_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "one_run_epsilon", lambda *args: 9.0)
    monkeypatch.setattr(simulated, "SIMULATED", ())
    monkeypatch.setattr("memaudit.cli.selftest.SIMULATED", ())
    done = CliRunner().invoke(cli, ["selftest"])
    assert done.exit_code == 1
    assert "NOT AS PROMISED" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("as promised")


def test_limits_of_a_trial() -> None:
    assert value("x", "s", 2.675, 2.67585, 3).passed
    assert not value("x", "s", 2.675, 2.6765, 3).passed
    rate = at_most("x", "s", 0.05, 65, 1000)
    assert isinstance(rate, Trial)
    assert rate.passed
    assert not at_most("x", "s", 0.05, 75, 1000).passed
