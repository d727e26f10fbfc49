"""`compare` from the outside: shipped recognisers, exit codes, what is written and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from memaudit.audit.comparison import Comparison
from memaudit.kit.store import Kit
from tests.cli.test_score import refused, run
from tests.conftest import Hearer


@pytest.fixture
def audits(small_kit: Kit, hear: Hearer, tmp_path: Path) -> tuple[Path, Path]:
    """The audits of a system that has memorised nothing and of one that reads all that went in.

    With 8 canaries a level an interval that holds over both levels reaches 0 whatever is read: one is gated.
    """
    for name, inserted in (("clean", False), ("leaky", True)):
        run(
            "score", small_kit.root, "--transcripts", hear(small_kit, inserted=inserted), "--assume-injected",
            "--out", tmp_path / name, "--gate", "accuracy_gap@16 <= 0.1",
        )  # fmt: skip
    return tmp_path / "clean", tmp_path / "leaky"


def test_exit_codes(audits: tuple[Path, Path]) -> None:
    clean, leaky = audits
    worse = run("compare", clean, leaky / "results.json")
    assert worse.exit_code == 0, worse.output
    assert "B memorises more than A." in worse.stdout
    assert "A: clean (transcripts)" in worse.stdout
    assert run("compare", clean, leaky, "--fail-on-worse").exit_code == 1
    better = run("compare", leaky, clean, "--fail-on-worse")
    assert better.exit_code == 0
    assert "B memorises less than A." in better.stdout
    alike = run("compare", leaky, leaky, "--fail-on-worse")
    assert alike.exit_code == 0
    for audit in audits:
        document = json.loads((audit / "results.json").read_text())
        document["gates"].append({**document["gates"][0], "repetitions": 1})
        (audit / "results.json").write_text(json.dumps(document))
    unsettled = run("compare", clean, leaky, "--fail-on-worse")
    assert unsettled.exit_code == 3
    assert "by how much is not settled" in unsettled.stdout
    assert "No difference between A and B is shown at this power" in alike.stdout
    document = json.loads((clean / "results.json").read_text())
    document["controls"]["passed"] = False
    (clean / "results.json").write_text(json.dumps(document))
    assert run("compare", leaky, clean).exit_code == 0
    undecided = run("compare", leaky, clean, "--fail-on-worse")
    assert undecided.exit_code == 3
    assert "B did not read the controls" in " ".join(undecided.stdout.split())


def test_json_is_the_document_that_is_written(
    audits: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    out = tmp_path / "deep" / "comparison"
    result = run("compare", *audits, "--out", out, "--json", "--fail-on-worse")
    assert result.exit_code == 1
    assert sorted(path.name for path in out.iterdir()) == ["compare.html", "comparison.json"]
    document = json.loads(result.stdout)
    assert document == json.loads((out / "comparison.json").read_text())
    assert Comparison.model_validate(document).verdict == "more"
    assert "B memorises more than A." in (out / "compare.html").read_text()
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run("compare", *audits, "--out", out, "-q")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_refusals(audits: tuple[Path, Path], tmp_path: Path) -> None:
    clean, leaky = audits
    other = tmp_path / "other"
    shutil.copytree(leaky, other)
    document = json.loads((other / "results.json").read_text())
    document["kit"]["commitment"] = "0" * 64
    (other / "results.json").write_text(json.dumps(document))
    refused(run("compare", clean, other, "--out", tmp_path / "out"), "different kits", "one kit")
    assert list((tmp_path / "out").iterdir()) == []
    refused(run("compare", clean, tmp_path), "no results can be read")
    document["normaliser"] = "basic/0"
    document["kit"]["commitment"] = json.loads((clean / "results.json").read_text())["kit"]["commitment"]
    (other / "results.json").write_text(json.dumps(document))
    refused(run("compare", clean, other), "normalise text differently", "basic/0")
    shutil.copy(clean / "utterances.jsonl", leaky)
    refused(run("compare", clean, leaky), "utterances.jsonl", "not the utterances")
    (tmp_path / "file").write_text("")
    refused(run("compare", clean, clean, "--out", tmp_path / "file"), "is a file")
    assert run("compare", clean).exit_code == 2


def test_help_says_what_the_exit_codes_mean() -> None:
    text = " ".join(run("compare", "--help").stdout.split())
    for part in (
        "0 compared",
        "1 B memorises more",
        "2 bad input",
        "3 open",
        "memaudit compare AUDIT_OLD",
    ):
        assert part in text


@pytest.mark.slow
def test_the_shipped_recognisers(tmp_path: Path) -> None:
    """The demo's two audits: clipping each example's gradient keeps the recogniser from memorising."""
    made = run("demo", "--out", tmp_path / "demo", "--json", "--quiet")
    assert made.exit_code == 0, made.output
    unclipped, clipped = (tmp_path / "demo" / name for name in ("unclipped", "clipped"))
    result = run("compare", unclipped, clipped, "--json", "--fail-on-worse")
    assert result.exit_code == 0, result.output
    found = Comparison.model_validate_json(result.stdout)
    assert (found.verdict, found.scale) == ("less", "loss per token")
    assert (found.a.name, found.b.name) == ("unclipped", "clipped")
    changes = {gate.repetitions: gate.change for gate in found.gates}
    assert {level: changes[level] for level in (4, 8, 16)} == dict.fromkeys((4, 8, 16), "less")
    assert "more" not in changes.values()
    top = found.cells[0]
    assert (top.repetitions, top.members.lost, top.members.gained) == (16, top.inserted, 0)
    assert max(top.accuracy_gap.p_adjusted or 1, top.exposure.p_adjusted or 1) <= 0.001
    assert top.accuracy_gap.high < -0.4
    assert run("compare", clipped, unclipped, "--fail-on-worse").exit_code == 1
