"""Gates from flags, environment and files; gates fixed in the kit; gates against an earlier audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.kit.make import Inputs, make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit
from tests.conftest import LEVEL_OVERRIDES, Hearer

FIXED = ("accuracy_gap <= 0.6", "exposure@1 <= 9")
ENVIRONMENT = "exposure <= 4; accuracy_gap@1 <= 0.4"


def run(*words: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(cli, [str(word) for word in words])


def gates(result: Result) -> list[str]:
    return [gate["gate"] for gate in json.loads(result.stdout)["gates"]]


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit with two gates that were fixed before training."""
    folder = tmp_path_factory.mktemp("registered") / "kit"
    return make_kit(load_recipe("smoke", LEVEL_OVERRIDES), folder, seed=11, inputs=Inputs(gates=FIXED))


@pytest.fixture
def audit(small_kit: Kit, hear: Hearer, tmp_path: Path) -> Path:
    run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", tmp_path / "audit")
    return tmp_path / "audit"


@pytest.mark.parametrize(
    ("settings", "environment", "words", "expected", "policy"),
    [
        ("", "", (), ["accuracy_gap@16/4x <= 0.10", "accuracy_gap@1/4x <= 0.10"], "default"),
        ("gate = ['auc@16 <= 1', 'auc@1 <= 1']", "", (), ["auc@16/4x <= 1", "auc@1/4x <= 1"], "given"),
        ("gate = 'auc@16 <= 1'", "", (), ["auc@16/4x <= 1"], "given"),
        ("[gate]\ngate = ['auc@1 <= 1']", "", (), ["auc@1/4x <= 1"], "given"),
        (
            "gate = ['auc@16 <= 1']",
            ENVIRONMENT,
            (),
            ["exposure@16/4x <= 4", "exposure@1/4x <= 4", "accuracy_gap@1/4x <= 0.4"],
            "given",
        ),
        (
            "gate = ['auc@16 <= 1']",
            ENVIRONMENT,
            ("--gate", "exact_gap@1 <= 1", "--gate", "exact_gap@16 <= 1"),
            ["exact_gap@1/4x <= 1", "exact_gap@16/4x <= 1"],
            "given",
        ),
    ],
    ids=["default", "file", "one text", "table", "environment over file", "flags over both"],
)
def test_flags_win_over_environment_over_files(
    audit: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    environment: str,
    words: tuple[str, ...],
    expected: list[str],
    policy: str,
) -> None:
    monkeypatch.chdir(audit.parent)
    Path("memaudit.toml").write_text(settings)
    env = {"MEMAUDIT_GATE_GATE": environment} if environment else {}
    result = run("gate", audit, "--json", *words, env=env)
    assert gates(result) == expected
    assert json.loads(result.stdout)["policy"] == policy


def test_score_reads_its_own_twins(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    words = (
        "score",
        small_kit.root,
        "--transcripts",
        hear(small_kit, inserted=True),
        "--out",
        tmp_path / "a",
    )
    result = run(*words, "--json", env={"MEMAUDIT_SCORE_GATE": "auc@16 <= 1"})
    assert gates(result) == ["auc@16/4x <= 1"]


def test_gates_are_fixed_when_the_kit_is_made(tmp_path: Path) -> None:
    words = ("make-kit", tmp_path / "kit", "--recipe", "smoke", "--gate", "accuracy_gap@16/4x<=0.3", "--json")
    made = run(*words)
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["gates"] == ["accuracy_gap@16/4x <= 0.3"]
    assert json.loads((tmp_path / "kit/kit.json").read_text())["gates"] == ["accuracy_gap@16/4x <= 0.3"]
    for gate, part in (
        ("accuracy_gap@3 <= 1", "no canary at 3 repetitions"),
        ("accuracy_gap/9x <= 1", "no speed 9x"),
        ("safety <= 1", "'safety' is no metric"),
    ):
        refused = run("make-kit", tmp_path / "none", "--recipe", "smoke", "--gate", gate)
        assert refused.exit_code == 2
        assert part in refused.stderr
        assert not (tmp_path / "none").exists()


def test_a_kit_without_gates_says_nothing_of_them(small_kit: Kit) -> None:
    assert "gates" not in json.loads((small_kit.root / "kit.json").read_text())


@pytest.mark.parametrize("changed", ['"accuracy_gap <= 0.9"', '"accuracy_gap <= 0.6", "auc <= 1"'])
def test_the_commitment_binds_the_gates(registered: Kit, tmp_path: Path, changed: str) -> None:
    import shutil

    copy = tmp_path / "kit"
    shutil.copytree(registered.root, copy)
    assert run("verify-kit", copy).exit_code == 0
    text = (copy / "kit.json").read_text()
    assert '"accuracy_gap <= 0.6"' in text
    (copy / "kit.json").write_text(text.replace('"accuracy_gap <= 0.6"', changed, 1))
    refused = run("verify-kit", copy)
    assert refused.exit_code == 2
    assert "does not fit the commitment" in refused.stderr


def test_the_gates_of_the_kit_hold_unless_others_are_given(
    registered: Kit, hear: Hearer, tmp_path: Path
) -> None:
    out = tmp_path / "audit"
    words = ("score", registered.root, "--transcripts", hear(registered, inserted=False), "--out", out)
    assert run(*words, "--assume-injected").exit_code == 0
    fixed = json.loads((out / "results.json").read_text())
    assert fixed["policy"] == "pre-registered"
    assert fixed["kit"]["gates"] == list(FIXED)
    assert {gate["gate"] for gate in fixed["gates"]} == {
        "accuracy_gap@16/4x <= 0.6", "accuracy_gap@1/4x <= 0.6", "exposure@1/4x <= 9",
    }  # fmt: skip
    assert "other-gates" not in fixed["warning_names"]
    # The same gates, in another order and spelling, are still the kit's.
    again = run("gate", out, "--gate", "exposure@1<=9.0", "--gate", FIXED[0], "--json")
    assert json.loads(again.stdout)["policy"] == "pre-registered"
    # Fewer gates, or a wider bound, are others; the results of gate tell the same as those of score.
    for other in ((FIXED[0],), ("accuracy_gap <= 0.99", FIXED[1])):
        flags = [word for gate in other for word in ("--gate", gate)]
        regated = run("gate", out, *flags, "--json")
        document = json.loads(regated.stdout)
        assert document["policy"] == "given"
        assert document["pre_registered"] == list(FIXED)
        assert "not the gates that were fixed in the kit" in regated.stderr
        run(*words, *flags, "--assume-injected")
        scored = json.loads((out / "results.json").read_text())
        assert scored["policy"] == "given"
        assert "not the gates that were fixed in the kit" in scored["warnings"][-1]
        assert scored["warning_names"][-1] == "other-gates"
    # Back to the kit's: the warning goes with the gates.
    assert "not the gates" not in run("gate", out).stderr


def audited(kit: Kit, heard: Path, out: Path, *words: str | Path) -> tuple[int, dict[str, Any]]:
    result = run("score", kit.root, "--transcripts", heard, "--out", out, "--assume-injected", *words)
    assert result.exit_code in (0, 1, 3), result.output
    return result.exit_code, json.loads((out / "results.json").read_text())


def test_a_worsening_fails_and_what_was_there_before_does_not(hear: Hearer, tmp_path: Path) -> None:
    overrides = ("design.repetitions=[16]", "design.pairs_per_cell=16", "design.reserve_per_speed=16")
    kit = make_kit(load_recipe("smoke", overrides), tmp_path / "kit", seed=5)
    clean, leaky = (hear(kit, inserted=known, name=f"{known}.jsonl") for known in (False, True))
    assert audited(kit, clean, tmp_path / "clean")[0] == 3
    assert audited(kit, leaky, tmp_path / "leaky")[0] == 1
    for heard, before, code, status in (
        (leaky, "clean", 1, "failed"),
        (leaky, "leaky", 0, "passed"),
        (clean, "leaky", 0, "passed"),
    ):
        found, document = audited(kit, heard, tmp_path / "new", "--baseline", tmp_path / before)
        assert (found, [gate["status"] for gate in document["gates"]]) == (code, [status]), document["gates"]
        assert document["baseline"]["paired"] is True
        assert document["gates"][0]["gate"] == "accuracy_gap@16/4x no worse than the baseline"
        again = run("gate", tmp_path / "new", "--baseline", tmp_path / before, "--json")
        assert again.exit_code == code
        assert json.loads(again.stdout)["gates"] == document["gates"]
    # Without the baseline the gates are what they were.
    assert json.loads(run("gate", tmp_path / "leaky", "--json").stdout)["baseline"] is None


def test_only_gated_figures_are_compared(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    audited(small_kit, hear(small_kit, inserted=False), tmp_path / "before")
    _, document = audited(
        small_kit, hear(small_kit, inserted=True), tmp_path / "new",
        "--baseline", tmp_path / "before/results.json", "--gate", "epsilon@16 <= 2", "--gate", "auc@16 <= 1",
    )  # fmt: skip
    assert [gate["gate"] for gate in document["gates"]] == ["exposure@16/4x no worse than the baseline"]


def test_with_another_kit_intervals_are_set_against_each_other(
    small_kit: Kit, registered: Kit, hear: Hearer, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    audited(small_kit, hear(small_kit, inserted=False), before)
    code, document = audited(
        registered, hear(registered, inserted=True), tmp_path / "new",
        "--baseline", before, "--gate", "accuracy_gap@16 <= 0",
    )  # fmt: skip
    assert document["baseline"]["paired"] is False
    assert "baseline-other-kit" in document["warning_names"]
    gate = document["gates"][0]
    low, high = (_gap(path, 16) for path in (tmp_path / "new", before))
    assert gate["estimate"] == pytest.approx(low["estimate"] - high["estimate"])
    # Half of the error each: wider than the limits of the 95 % intervals.
    assert gate["low"] < low["low"] - high["high"]
    assert code == (1 if gate["low"] > 0 else 0)


def _gap(folder: Path, repetitions: int) -> dict[str, float]:
    cells = json.loads((folder / "results.json").read_text())["cells"]
    gap: dict[str, float] = next(c for c in cells if c["repetitions"] == repetitions)["accuracy_gap"]
    return gap


def test_what_cannot_be_compared_is_refused(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    few = ("design.pairs_per_cell=3", "design.reserve_per_speed=3", "design.controls=2")
    other = make_kit(load_recipe("smoke", few), tmp_path / "other", seed=3)
    audited(other, hear(other, inserted=False), tmp_path / "before")
    audited(small_kit, hear(small_kit, inserted=False), tmp_path / "new")
    for gate, part in (
        ("exposure@16 <= 9", "other numbers of held-out canaries"),
        ("accuracy_gap@1 <= 1", ""),
    ):
        result = run("gate", tmp_path / "new", "--baseline", tmp_path / "before", "--gate", gate)
        assert (result.exit_code == 2) == bool(part), result.output
        assert part in result.stderr
    result = run("gate", tmp_path / "before", "--baseline", tmp_path / "new", "--gate", "accuracy_gap@4 <= 1")
    assert result.exit_code == 2
    assert "the baseline's kit has no canary at 4 repetitions" in result.stderr
    (tmp_path / "before/utterances.jsonl").unlink()
    assert run("gate", tmp_path / "new", "--baseline", tmp_path / "before").exit_code == 2


def test_a_baseline_that_read_nothing_decides_nothing(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    audited(small_kit, hear(small_kit, inserted=False, controls=False), tmp_path / "before")
    code, document = audited(
        small_kit, hear(small_kit, inserted=True), tmp_path / "new", "--baseline", tmp_path / "before"
    )
    assert code == 3
    assert "baseline did not read its controls" in document["verdict_reason"]


def test_no_worsening_without_evidence_is_no_pass(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    heard = hear(small_kit, inserted=False)
    audited(small_kit, heard, tmp_path / "before")
    words = ("score", small_kit.root, "--transcripts", heard, "--out", tmp_path / "new")
    assert run(*words, "--baseline", tmp_path / "before").exit_code == 3
