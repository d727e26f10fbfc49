"""memaudit selftest: what it prints, and that a broken statistic is told."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from memaudit.audit.selftest import computed_twice, published, simulated
from memaudit.audit.selftest.computed_twice import COMPUTED_TWICE
from memaudit.audit.selftest.published import PUBLISHED
from memaudit.audit.selftest.simulated import SIMULATED
from memaudit.audit.selftest.trial import Trial, at_most, twice
from memaudit.audit.selftest.trial import published as value
from memaudit.cli.main import cli


@pytest.mark.slow
def test_everything_is_as_promised() -> None:
    done = CliRunner().invoke(cli, ["selftest", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["passed"] is True
    kinds = {trial["kind"] for trial in document["trials"]}
    assert kinds == {"published", "computed twice", "simulated"}
    fast = [trial.name for group in (*PUBLISHED, *COMPUTED_TWICE) for trial in group()]
    assert [trial["name"] for trial in document["trials"]][: len(fast)] == fast
    assert len(document["trials"]) >= len(fast) + len(SIMULATED)
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


@pytest.mark.parametrize(
    ("name", "wrong"), [("ctc_loss", 3.0), ("ctc_loss", None), ("rnnt_loss", 3.0), ("sign_test", 0.05)]
)
def test_a_broken_loss_or_test_is_told(
    name: str, wrong: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(trial.passed for group in COMPUTED_TWICE for trial in group())
    monkeypatch.setattr(computed_twice, name, lambda *args: wrong)
    assert not all(trial.passed for group in COMPUTED_TWICE for trial in group())


def test_limits_of_a_trial() -> None:
    assert twice("x", "s", 3.0, 3.0 + 1e-9).passed
    assert not twice("x", "s", 3.0, 3.0 + 1e-8).passed
    assert not twice("x", "s", 3.0, float("nan")).passed
    assert value("x", "s", 2.675, 2.67585, 3).passed
    assert not value("x", "s", 2.675, 2.6765, 3).passed
    rate = at_most("x", "s", 0.05, 65, 1000)
    assert isinstance(rate, Trial)
    assert rate.passed
    assert not at_most("x", "s", 0.05, 75, 1000).passed
