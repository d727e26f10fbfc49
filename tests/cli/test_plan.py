"""`memaudit plan` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli

SMALL = ("--recipe", "smoke")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["plan", *(str(argument) for argument in arguments)])


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_plan_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*SMALL, "--training-hours", 100)
    assert done.exit_code == 0, done.stderr
    shown = flat(done.stdout)
    assert "24 inserted, 48 held out, 6 controls" in shown
    assert "44.0 to 55.0 bits" in shown
    assert "168 copies" in shown
    assert "of the training set once added to 100 hours" in shown
    assert "spoken for this" in shown
    assert "passes the default policy with a chance of <1% (3 gates)" in shown
    assert "Frames of 40 ms against characters" in shown
    for name in ("nemo", "icefall", "espnet", "wenet", "speechbrain", "huggingface"):
        assert name in shown
    assert "Characters stand in for tokens" in flat(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_for_machines_agrees_with_the_recipe() -> None:
    done = run(*SMALL, "--json", "--set", "design.pairs_per_cell=12", "--gap", 0.5)
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["recipe"]["design"]["pairs_per_cell"] == 12
    assert document["gap"] == 0.5
    assert document["needed"] is None
    assert [cell["repetitions"] for cell in document["cells"]] == [16, 4, 1]


def test_the_pairs_that_a_power_needs() -> None:
    done = run(*SMALL, "--target-power", 0.5, "--gap", 0.6)
    assert done.exit_code == 0, done.stderr
    shown = flat(done.stdout)
    assert "pairs a cell for a chance of 50%" in shown
    assert "to fail a leak of 0.6:" in shown
    needed = int(shown.split("--set design.pairs_per_cell=")[1].split(",")[0])
    again = json.loads(run(*SMALL, "--json", "--gap", 0.6, "--set", f"design.pairs_per_cell={needed}").stdout)
    assert min(again["clean_passes"], *(cell["fails"] for cell in again["cells"])) >= 0.5


def test_gates_of_ones_own() -> None:
    done = run(*SMALL, "--gate", "exposure@16 <= 2", "--gate", "epsilon@1<=1", "--audits", 10, "--gap", 0.8)
    assert done.exit_code == 0, done.stderr
    shown = flat(done.stdout)
    assert "passes the gates with a chance of 0% (0% to 31%) (2 gates)" in shown
    assert "What the gates do (over 10 simulated audits of each kind" in shown
    assert "exposure@16/4x <= 2 80% (44% to 97%) 0% (0% to 31%)" in shown
    assert "epsilon is a lower bound: a gate on it can fail and never pass" in flat(done.stderr)
    assert "What the gates do" not in run(*SMALL).stdout


def test_a_profile_says_what_it_drops_and_where_that_is_written() -> None:
    done = run(*SMALL, "--profile", "icefall")
    assert done.exit_code == 0, done.stderr
    shown = flat(done.stdout)
    assert "dropped by the filters" in shown or "dropped by" in shown
    assert "Dropped by the default settings" not in shown
    told = flat(done.stderr)
    assert "At speed 4 the filters would drop 100% of the canaries: make-kit will refuse" in told
    assert "k2-fsa/icefall egs/librispeech/ASR/zipformer/train.py: remove_short_and_long_utt" in told


def test_slow_canaries_are_told_to_be_easy() -> None:
    done = run(*SMALL, "--set", "speed.factors=[2.0]")
    assert "only from 3 on, with method tempo" in flat(done.stderr)


def test_a_tokenizer_is_looked_for_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, "[UNK]"))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    model.save(str(tmp_path / "words.json"))
    monkeypatch.chdir(tmp_path)
    document = json.loads(run(*SMALL, "--json", "--tokenizer", "words.json").stdout)
    (row,) = document["speeds"]
    assert 4 <= row["tokens"] <= 5
    assert row["unknown"] == 1.0
    assert document["recipe"]["feasibility"]["tokenizer"] == str(tmp_path / "words.json")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--profile", "kaldi"], "feasibility.profile = 'kaldi': is not allowed"),
        (["--tokenizer", "none.model"], "none.model: there is no such file"),
        (["--recipe", "rutine"], "no packaged recipe 'rutine'; use one of routine"),
        (["--set", "design.pairs=3"], "there is no such key"),
        (["--gate", "exposure <"], "'exposure <' is no gate; write METRIC"),
        (["--gate", "auc@3 <= 1"], "the kit has no canary at 3 repetitions; use one of 1, 4, 16"),
        (["--gate", "auc <= 1", "--target-power", "0.8"], "--target-power: pairs are searched for one"),
        (["--gap", "0.99"], "--gap 0.99: no leak has such a gap"),
        (["--gap", "0.05", "--target-power", "0.8"], "no number of pairs fails it"),
        (["--set", 'speech.voices=["en-us+f0"]'], "near names: en-us+f"),
    ],
)
def test_refusals_are_one_line_and_exit_2(arguments: list[str], what: str) -> None:
    recipe = () if "--recipe" in arguments else SMALL
    done = run(*recipe, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert what in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--gap", "0"], ["--gap", "1.5"], ["--target-power", "1"], ["--training-hours", "0"], ["--gap", "much"]],
)
def test_numbers_out_of_range(arguments: list[str]) -> None:
    done = run(*SMALL, *arguments)
    assert done.exit_code == 2
    assert "Invalid value" in done.stderr
