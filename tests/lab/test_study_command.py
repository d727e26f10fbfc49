"""`memaudit lab run` from the outside: a tiny study, killed in the middle of a victim and gone on with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from memaudit.audit.results import read_results
from memaudit.cli.main import cli
from memaudit.kit.store import open_kit
from memaudit.lab.perturb import Speeds
from memaudit.lab.setup import FRONT_END
from memaudit.lab.study_sets import read_set
from memaudit.lab.utterances import Vocabulary
from memaudit.models.frontends.registry import make_front_end
from memaudit.models.registry import load_recognizer
from tests.lab.deduplicate import deduplicated
from tests.lab.study_builders import TINY

CONDITIONS = set(TINY.conditions)
TOP = "seed-3"


def arguments(folder: Path, *more: str) -> list[str]:
    return ["lab", "run", "--profile", str(folder / "tiny.json"), "--out", str(folder / "out"), *more]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    (made / "tiny.json").write_text(json.dumps(TINY.as_dict()))
    return made


@pytest.fixture(scope="module")
def killed(folder: Path) -> dict[str, int]:
    """What was there when the run was killed in the middle of its first victim: path -> inode."""
    process = subprocess.Popen(
        [sys.executable, "-m", "memaudit", *arguments(folder)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "/pretrained/" in line:
            break
    victims = folder / "out" / TOP / "victims"
    while not list(victims.glob(".unclipped.*.part")):
        assert process.poll() is None
        os.sched_yield()
    process.kill()
    process.wait()
    process.stderr.close()
    out = folder / "out"
    return {str(p.relative_to(out)): p.stat().st_ino for p in out.rglob("*") if ".part" not in str(p)}


@pytest.fixture(scope="module")
def ended(folder: Path, killed: dict[str, int]) -> dict[str, Any]:
    result = CliRunner().invoke(cli, arguments(folder, "--jobs", "2", "--json"))
    assert result.exit_code == 1, result.stderr  # a study of this size detects nothing
    assert "parts are there already" in result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.slow
def test_it_goes_on_where_it_was_killed(folder: Path, killed: dict[str, int], ended: dict[str, Any]) -> None:
    out = folder / "out"
    assert not any("/victims/" in path for path in killed)
    kept = [path for path in killed if path.endswith(("kit.json", "ordinary.json", "weights.pt", ".flac"))]
    assert len(kept) > 50
    for path in kept:
        assert (out / path).stat().st_ino == killed[path]
    assert {path.name for path in (out / TOP / "victims").iterdir()} == CONDITIONS
    assert ended["finished"] is True
    assert not list(out.rglob("*.part"))


def test_each_victim_is_exported_and_audited(folder: Path, ended: dict[str, Any]) -> None:
    kit = open_kit(folder / "out" / TOP / "kits" / "main")
    for name in CONDITIONS:
        place = folder / "out" / TOP / "victims" / name
        assert read_results(place / "audit").kit.commitment == kit.commitment
        assert (place / "audit" / "report.html").is_file()
        assert load_recognizer(place / "model.onnx").info.adapter == "onnx-ctc"
        model = load_recognizer(place / "torchscript", trust_model=True)
        assert model.info.adapter == "torchscript-ctc"
    assert {victim["condition"] for victim in ended["victims"]} == CONDITIONS


def test_only_shipped_commands_were_used_and_their_exit_codes_are_there(ended: dict[str, Any]) -> None:
    ran = [(item["command"].split()[1], item["exit_code"]) for item in ended["commands"]]
    assert sorted(name for name, _ in ran) == sorted(
        ["make-kit", *["export"] * 2, *["check-injection"] * 2, *["score"] * 3, *["compare"] * 2]
    )
    for name, code in ran:
        assert code in {"score": (0, 1, 3), "check-injection": (0, 1)}.get(name, (0,))
    for item in ended["commands"]:
        assert ".part" not in item["command"]
        assert re.match(r"memaudit \S+ seed-3/", item["command"])


def test_the_manifest_is_what_is_trained_on(folder: Path, ended: dict[str, Any]) -> None:
    assert ended["finished"]
    out, kit = folder / "out" / TOP, open_kit(folder / "out" / TOP / "kits" / "main")
    words = (Path(__file__).parents[2] / "canary_kits" / "reference-words.txt").read_text().split()
    vocabulary, front_end = Vocabulary(tuple(words)), make_front_end(FRONT_END)
    main = read_set(out / "sets" / "main", out / "speech", vocabulary, front_end)
    wanted = {c.text: c.repetitions for c in kit.canaries if c.arm == "inserted"}
    assert len(main) == 48 + sum(wanted.values())
    assert {text: main.texts.count(text) for text in wanted} == wanted
    held_out = {c.text for c in kit.canaries if c.arm != "inserted"}
    assert not held_out & set(main.texts)
    once = read_set(out / "sets" / "deduplicated", out / "speech", vocabulary, front_end)
    assert len(once) == len(deduplicated(once)) == 32 + len(wanted)
    evidence = {name: json.loads((out / "sets" / name / "injection.json").read_text()) for name in TINY.sets}
    assert not evidence["main"]["missing"]
    assert {miss["id"] for miss in evidence["deduplicated"]["missing"]} == {
        c.id for c in kit.canaries if c.repetitions > 1
    }
    faster = read_set(out / "sets" / "main", out / "speech", vocabulary, front_end, Speeds(1))
    assert faster.texts == main.texts
    shares = {round(len(b) / len(a), 1) for a, b in zip(main.features, faster.features, strict=True)}
    assert shares >= {0.9, 1.0, 1.1}


def test_what_dp_promised_stands_beside_the_bound(ended: dict[str, Any]) -> None:
    by = {victim["condition"]: victim for victim in ended["victims"]}
    assert by["unclipped"]["privacy"] == []
    rows = by["private"]["privacy"]
    assert [row["repetitions"] for row in rows] == [1, 4]
    assert 0 < rows[0]["promised"] < rows[1]["promised"]
    assert set(ended["costs"]) == {"none", "example", "core", "adaptive", "dp"}


def test_a_finished_study_is_only_read_again(folder: Path, ended: dict[str, Any]) -> None:
    weights = folder / "out" / TOP / "victims" / "private" / "model.onnx"
    before = weights.stat().st_mtime_ns
    result = CliRunner().invoke(cli, arguments(folder))
    assert result.exit_code == 1
    assert weights.stat().st_mtime_ns == before
    assert json.loads((folder / "out" / "study.json").read_text()) == ended
    assert "1. Memorisation grows with repetitions: " in result.stdout
    assert "study.html" in result.stdout
    assert (folder / "out" / "study.md").read_text().startswith("| training |")
    page = (folder / "out" / "study.html").read_text()
    assert "seed-3/victims/private/audit/report.html" in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seed", "4"], "holds a study with seeds 3, not 4"),
        (["--only", "private"], "holds a study of unclipped, private, speeds"),
        (["--profile", "quick", "--seed", "3"], "holds a study of unclipped, private, speeds"),
    ],
)
def test_other_options_are_refused_in_one_line(
    folder: Path, ended: dict[str, Any], more: list[str], said: str
) -> None:
    before = (folder / "out" / "study.json").read_bytes()
    result = CliRunner().invoke(cli, arguments(folder, *more))
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert (folder / "out" / "study.json").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            ["--only", "nothing"],
            "profile tiny has no condition 'nothing'; choose from unclipped, private, sp",
        ),
        (["--seed", "1", "--seed", "1"], "a seed is given twice"),
        (["--profile", "missing.json"], "cannot be read as a profile"),
    ],
)
def test_options_that_mean_nothing(folder: Path, more: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, [*arguments(folder), *more, "--out", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_with_other_things_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = CliRunner().invoke(cli, [*arguments(folder), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "holds something else" in result.stderr or "holds no study" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_a_job_that_fails_ends_the_study_with_one_line(folder: Path, tmp_path: Path) -> None:
    document = TINY.as_dict()
    document["kits"]["main"]["overrides"] = ["design.pairs_per_cell=none"]
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    options = ["lab", "run", "--profile", str(tmp_path / "wrong.json"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, options)
    assert result.exit_code == 2
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("memaudit: error: seed-3/kits/main: ")
    assert "design.pairs_per_cell" in last
    assert not list((tmp_path / "out" / "seed-3" / "kits").iterdir())
