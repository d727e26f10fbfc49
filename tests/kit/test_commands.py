from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.kit.store import Kit, open_kit


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
    shown = run("kits")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in listed)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--recipe", "smok"], "no packaged recipe 'smok'; use one of smoke"),
        (["--recipe", "smoke", "--set", "design.pairs=3"], "smoke.toml: design.pairs: there is no such key"),
        (["--recipe", "smoke", "--set", 'speech.voices=["en-us+f0"]'], "near names: en-us+f"),
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
