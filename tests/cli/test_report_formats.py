"""`score --report` and `report --format`: names, files, and the line of a gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.kit.store import Kit
from memaudit.report.renderer import RENDERERS
from tests.conftest import Hearer
from tests.report.readers import READERS, read_csv, read_sarif

FILES = {
    "cells.csv",
    "gl-code-quality-report.json",
    "junit.xml",
    "memaudit.intoto.json",
    "memaudit.sarif",
    "model-card.md",
    "model-card.yaml",
    "report.html",
    "report.md",
    "results.json",
    "utterances.csv",
}


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder whose pyproject.toml holds gates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.memaudit.score]\ngate = [\n  "accuracy_gap <= 0.6",\n'
        '  "exact_gap@16 <= 0.10",\n]\n'
    )
    return tmp_path


def lines(path: Path) -> list[tuple[str, int]]:
    places = []
    for result in read_sarif(path.read_text())["results"]:
        physical = result["locations"][0]["physicalLocation"]
        places.append((physical["artifactLocation"]["uri"], physical["region"]["startLine"]))
    return places


def test_all_formats_from_score_and_from_report(small_kit: Kit, hear: Hearer, here: Path) -> None:
    heard = hear(small_kit, inserted=True)
    names = ",".join(sorted(RENDERERS))
    scored = run("score", small_kit.root, "--transcripts", heard, "--out", "AUDIT", "--report", names)
    assert scored.exit_code == 1, scored.output
    assert {path.name for path in (here / "AUDIT").iterdir()} == FILES | {"utterances.jsonl"}
    rendered = run("report", "AUDIT", "--format", names, "--out", "REPORTS", "--json")
    assert rendered.exit_code == 0, rendered.output
    assert {Path(path).name for path in json.loads(rendered.stdout)["written"]} == FILES
    for name in FILES:
        assert (here / "AUDIT" / name).read_bytes() == (here / "REPORTS" / name).read_bytes()
    assert READERS.keys() == RENDERERS.keys()
    tables = read_csv({name: (here / "AUDIT" / name).read_text() for name in ("cells.csv", "utterances.csv")})
    assert len(tables["utterances.csv"]) == len(small_kit.canaries)
    found = lines(here / "AUDIT" / "memaudit.sarif")
    assert {file for file, _ in found} == {"pyproject.toml"}
    assert {line for _, line in found} <= {6, 7}
    assert 7 in {line for _, line in found}


def test_gates_given_as_options_stand_in_results_json(small_kit: Kit, hear: Hearer, here: Path) -> None:
    heard = hear(small_kit, inserted=True)
    scored = run(
        "score", small_kit.root, "--transcripts", heard, "--out", "AUDIT", "--gate", "exact_gap@16 <= 0.2",
        "--report", "sarif", "--report", "markdown",
    )  # fmt: skip
    assert scored.exit_code == 1, scored.output
    ((file, line),) = lines(here / "AUDIT" / "memaudit.sarif")
    assert file == "AUDIT/results.json"
    assert (here / file).read_text().split("\n")[line - 1].strip() == '"gate": "exact_gap@16/4x <= 0.2",'


def test_an_unknown_name_is_refused_before_scoring(small_kit: Kit, hear: Hearer, here: Path) -> None:
    heard = hear(small_kit, inserted=True)
    refused = run("score", small_kit.root, "--transcripts", heard, "--out", "AUDIT", "--report", "sarif,docx")
    assert refused.exit_code == 2
    assert "'docx' is no report format" in refused.stderr
    assert not (here / "AUDIT").exists()


def test_csv_without_its_utterances_is_one_line(small_kit: Kit, hear: Hearer, here: Path) -> None:
    assert (
        run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", "A").exit_code
        == 1
    )
    (here / "A" / "utterances.jsonl").unlink()
    refused = run("report", "A", "--format", "markdown,csv", "--out", "R")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "utterances cannot be read" in refused.stderr
    assert list((here / "R").iterdir()) == []


def test_half_characters_and_line_separators_in_transcripts(small_kit: Kit, hear: Hearer, here: Path) -> None:
    rows = [json.loads(line) for line in hear(small_kit, inserted=False).read_text().splitlines()]
    rows[0]["transcript"] = "one \ud83d two\u2028three\x85four"
    Path("heard.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scored = run("score", small_kit.root, "--transcripts", "heard.jsonl", "--out", "A", "--report", "csv")
    assert scored.exit_code == 3, scored.output
    again = run("gate", "A")
    assert again.exit_code == 3, again.output
    tables = read_csv({name: (here / "A" / name).read_text() for name in ("cells.csv", "utterances.csv")})
    said = {row["id"]: row["transcript"] for row in tables["utterances.csv"]}
    assert said[rows[0]["id"]] == "one \ufffd two\ufffdthree\ufffdfour"


def test_half_characters_in_results_json_are_refused(small_kit: Kit, hear: Hearer, here: Path) -> None:
    assert (
        run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", "A").exit_code
        == 1
    )
    path = here / "A" / "results.json"
    document = json.loads(path.read_text())
    document["model"]["front_end"] = {"name": "\udfff"}
    path.write_text(json.dumps(document))
    refused = run("report", "A", "--format", "json", "--out", "R")
    assert refused.exit_code == 2
    assert "no results can be read here" in refused.stderr
