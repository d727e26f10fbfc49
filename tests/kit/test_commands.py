from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit, open_kit
from tests.kit.test_speakers import PROGRAM, record


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_make_kit_and_verify_it(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    done = run("make-kit", out, "--recipe", "smoke", "--seed", 3, "--set", "design.controls=2")
    assert done.exit_code == 0
    kit = open_kit(out)
    assert f"commitment {kit.commitment}" in done.stdout
    assert "44.0 to 55.0 bits" in done.stdout
    assert "24 inserted, 48 held out, 2 controls" in done.stdout
    verified = run("verify-kit", out, "--commitment", kit.commitment.upper())
    assert verified.exit_code == 0
    assert kit.commitment in verified.stdout


def test_json_is_one_document_and_the_same_for_both(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    done = run("make-kit", out, "--recipe", "smoke", "--json", "--jobs", 2)
    assert done.exit_code == 0
    document: dict[str, Any] = json.loads(done.stdout)
    kit = open_kit(out)
    assert document["commitment"] == kit.commitment
    assert document["counts"] == kit.info.counts.model_dump()
    verified = json.loads(run("verify-kit", out, "--json").stdout)
    assert verified == document | {"verified": True}


def test_kits_lists_every_recipe_with_its_true_size(tmp_path: Path) -> None:
    listed = {row["name"]: row for row in json.loads(run("kits", "--json").stdout)["recipes"]}
    assert {"paper", "routine", "smoke", "reference"} <= listed.keys()
    run("make-kit", tmp_path / "kit", "--recipe", "smoke")
    counts = open_kit(tmp_path / "kit").info.counts.model_dump()
    for name in ("inserted", "copies", "held_out", "controls"):
        assert listed["smoke"][name] == counts[name]
    minutes = open_kit(tmp_path / "kit").info.seconds.copies / 60
    assert listed["smoke"]["minutes"] == pytest.approx(minutes, rel=0.25, abs=0.05)
    # all of r guesses right: the lower limit of the rate is 0.05 ** (1 / r)
    design = load_recipe("smoke").design
    rate = 0.05 ** (1 / design.pairs_per_cell)
    assert listed["smoke"]["epsilon_ceiling"] == pytest.approx(math.log(rate / (1 - rate)), abs=1e-3)
    shown = run("kits")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in listed)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--recipe", "smok"], "no packaged recipe 'smok'; use one of smoke"),
        (["--recipe", "smoke", "--set", "design.pairs=3"], "smoke.toml: design.pairs: there is no such key"),
        (["--recipe", "smoke", "--set", 'speech.voices=["en-us+f0"]'], "near names: en-us+f"),
        (["--recipe", "smoke", "--set", "speech.engine=pytts"], "speech.engine = 'pytts': is not allowed"),
        (["--recipe", "smoke", "--set", "speech.engine=recordings"], "--audio-dir"),
        (["--recipe", "smoke", "--tts-command", "say {text}"], "does not say {out}"),
    ],
)
def test_refusals_are_one_line_and_exit_2(tmp_path: Path, arguments: list[str], what: str) -> None:
    done = run("make-kit", tmp_path / "kit", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert what in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_broken_kits_exit_2(kit: Kit, tmp_path: Path) -> None:
    wrong = run("verify-kit", kit.root, "--commitment", "0" * 64)
    assert wrong.exit_code == 2
    assert "not the published one" in wrong.stderr
    (kit.root / "train/new.txt").write_text("new")
    broken = run("verify-kit", kit.root)
    assert broken.exit_code == 2
    assert "new.txt: is no file of this kit" in broken.stderr
    nothing = run("verify-kit", tmp_path / "none")
    assert nothing.exit_code == 2
    assert "is no folder" in nothing.stderr
    taken = run("make-kit", kit.root, "--recipe", "smoke")
    assert taken.exit_code == 2
    assert "already holds a kit" in taken.stderr


SMALL = (
    "--set",
    "design.pairs_per_cell=1",
    "--set",
    "design.reserve_per_speed=1",
    "--set",
    "design.controls=1",
)


def test_print_texts_record_make(tmp_path: Path) -> None:
    common = ("make-kit", tmp_path / "kit", "--recipe", "smoke", *SMALL)
    printed = run(*common, "--print-texts", tmp_path / "texts.jsonl", "--json")
    assert printed.exit_code == 0
    document = json.loads(printed.stdout)
    rows = [json.loads(line) for line in (tmp_path / "texts.jsonl").read_text().splitlines()]
    assert document["count"] == len(rows) == 8
    assert {row["voice"] for row in rows} == {"recorded"}
    assert (
        document["seed"] in run(*common, "--print-texts", tmp_path / "x", "--seed", document["seed"]).stderr
    )
    assert not (tmp_path / "kit").exists()
    record(tmp_path / "audio", rows)
    other = run(*common, "--audio-dir", tmp_path / "audio")
    assert other.exit_code == 2
    assert "8 of 8 recordings are missing" in other.stderr
    assert "--print-texts" in other.stderr
    made = run(*common, "--audio-dir", tmp_path / "audio", "--seed", document["seed"])
    assert made.exit_code == 0, made.stderr
    kit = open_kit(tmp_path / "kit")
    assert {canary.id for canary in kit.canaries} == {row["id"] for row in rows}
    assert kit.recipe.speech.engine == "recordings"


def test_tts_command(tmp_path: Path) -> None:
    (tmp_path / "speak.py").write_text(PROGRAM)
    template = f"{sys.executable} -IS {tmp_path / 'speak.py'} {{out}} {{text}}"
    common = ("make-kit", tmp_path / "kit", "--recipe", "smoke", *SMALL)
    assert run(*common, "--tts-command", template).exit_code == 0
    kit = open_kit(tmp_path / "kit")
    assert (kit.recipe.speech.command, kit.recipe.speech.voices) == (template, ("tts-command",))
    both = run(*common, "--tts-command", template, "--audio-dir", tmp_path)
    assert both.exit_code == 2
    assert "give one of" in both.stderr


def test_a_recipes_own_command_does_not_run_by_itself(tmp_path: Path) -> None:
    command = f'{sys.executable} -c \'open(\\"{tmp_path / "ran"}\\", \\"w\\")\' {{out}}'
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'schema = "memaudit/recipe/1"\nname = "mine"\nbase = "smoke"\n[speech]\nengine = "command"\n'
        f'voices = ["x"]\ncommand = "{command}"\n'
    )
    refused = run("make-kit", tmp_path / "kit", "--recipe", recipe)
    assert refused.exit_code == 2
    assert "wants to run" in refused.stderr
    assert "--tts-command" in refused.stderr
    assert not (tmp_path / "ran").exists()


def test_exclude_corpus(tmp_path: Path) -> None:
    common = ("make-kit", tmp_path / "kit", "--recipe", "smoke", *SMALL, "--seed", 4)
    assert run(*common).exit_code == 0
    before = {canary.id: canary.text for canary in open_kit(tmp_path / "kit").canaries if canary.speed == 4}
    hit = sorted(before.values())[0]
    (tmp_path / "train.txt").write_text(f"nothing\n{hit}\n")
    again = run(*common, "--force", "--exclude-corpus", tmp_path / "train.txt", "--json")
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["exclusion"] | {"files": []} == {"run": 3, "redrawn": 1, "files": []}
    kit = open_kit(tmp_path / "kit")
    after = {canary.id: canary.text for canary in kit.canaries if canary.speed == 4}
    assert [before[name] for name in before if before[name] != after[name]] == [hit]
    assert kit.info.exclusion is not None
    assert kit.info.exclusion.files[0].name == "train.txt"
    assert "2 texts of yours" in run("verify-kit", tmp_path / "kit").stdout
    missing = run(*common, "--force", "--exclude-corpus", tmp_path / "none.txt")
    assert missing.exit_code == 2
    assert "none.txt: cannot be read" in missing.stderr
