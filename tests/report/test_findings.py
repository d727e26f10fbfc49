"""SARIF and GitLab's code quality: what is found, how grave, and at which line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from memaudit.audit.metrics import METRICS
from memaudit.audit.results import BaselineSummary
from memaudit.report import code_quality, sarif
from memaudit.report.findings import AUDIT_RULE
from memaudit.report.json_document import RENDERER as JSON_DOCUMENT
from memaudit.report.metric_titles import TITLES
from memaudit.report.renderer import GatePlace, Material
from tests.report.audits import VERDICTS, audit, only
from tests.report.readers import read_gitlab, read_sarif, sarif_schema


def run_of(material: Material) -> dict:
    return read_sarif(only(sarif.RENDERER.documents(material)))


def places_of(material: Material) -> list[tuple[str, int]]:
    """(file, line) of each result."""
    found = []
    for result in run_of(material)["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        found.append((physical["artifactLocation"]["uri"], physical["region"]["startLine"]))
    return found


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("passed", []),
        ("bound", []),
        ("failed", ["error", "error", "warning"]),
        ("inconclusive", ["warning"] * 3),
        ("mixed", ["error", "warning", "warning"]),
        ("void", ["warning"]),
        ("unread", ["warning"]),
        ("no evidence", ["warning"]),
    ],
)
def test_levels(kind: str, levels: list[str]) -> None:
    material = Material(audit(kind))
    results = run_of(material)["results"]
    assert [item["level"] for item in results] == levels
    issues = read_gitlab(only(code_quality.RENDERER.documents(material)))
    severities = {"error": "critical", "warning": "major"}
    assert [item["severity"] for item in issues] == [severities[level] for level in levels]
    assert [item["fingerprint"] for item in issues] == [
        item["partialFingerprints"]["memauditGate/v1"] for item in results
    ]


@pytest.mark.parametrize("kind", VERDICTS)
def test_no_result_means_passed(kind: str) -> None:
    run = run_of(Material(audit(kind)))
    assert (run["results"] == []) == (VERDICTS[kind] == "passed")
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for item in run["results"]:
        assert rules[item["ruleIndex"]] == item["ruleId"]
    assert {f"memaudit/{gate.metric}" for gate in audit(kind).gates} <= set(rules)
    codes = {"passed": 0, "failed": 1, "inconclusive": 3}
    assert run["invocations"][0]["exitCode"] == codes[VERDICTS[kind]]


def test_every_metric_has_words_of_its_own() -> None:
    assert TITLES.keys() == METRICS.keys() | {AUDIT_RULE}


def test_an_audit_that_decides_nothing_says_why() -> None:
    (item,) = run_of(Material(audit("unread")))["results"]
    assert item["ruleId"] == "memaudit/verdict"
    assert "does not read the controls" in item["message"]["text"]


def test_a_gate_is_found_in_the_configuration() -> None:
    places = (
        GatePlace("accuracy_gap<=0.30", "pyproject.toml", 12),
        GatePlace("accuracy_gap@4/4x <= 0.3", "pyproject.toml", 13),
    )
    assert places_of(Material(audit("mixed"), places=places)) == [
        ("pyproject.toml", 12),
        ("pyproject.toml", 13),  # the line that names more
        ("pyproject.toml", 12),
    ]


@pytest.mark.parametrize(
    "other",
    [
        "accuracy_gap <= 0.2",
        "accuracy_gap < 0.3",
        "accuracy_gap/2x <= 0.3",
        "accuracy_gap@2 <= 0.3",
        "exact_gap <= 0.3",
        "no gate",
    ],
)
def test_another_gate_is_not_taken_for_it(other: str) -> None:
    found = places_of(Material(audit("mixed"), places=(GatePlace(other, "memaudit.toml", 3),)))
    assert {file for file, _ in found} == {"results.json"}


def test_without_configuration_the_line_of_results_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = audit("mixed")
    lines = JSON_DOCUMENT.render(results).split("\n")
    wanted = [gate.gate for gate in results.gates if gate.metric == "accuracy_gap"]
    monkeypatch.chdir(tmp_path)
    for folder, file in (
        (tmp_path / "out", "out/results.json"),
        (Path("out"), "out/results.json"),
        (tmp_path.parent, "results.json"),
        (None, "results.json"),
    ):
        found = places_of(Material(results, folder))
        assert {name for name, _ in found} == {file}
        assert [json.loads("{" + lines[line - 1].strip(" ,") + "}") for _, line in found] == [
            {"gate": gate} for gate in wanted
        ]
    (line,) = (line for _, line in places_of(Material(audit("unread"))))
    assert JSON_DOCUMENT.render(audit("unread")).split("\n")[line - 1] == '  "verdict": "inconclusive",'


def test_under_a_baseline_the_gate_that_asked() -> None:
    results = audit("mixed")
    earlier = BaselineSummary(
        kit="k", commitment="c", adapter="a", files=(), created="now", verdict="passed",
        utterances_sha256="0" * 64, paired=True,
    )  # fmt: skip
    gate = results.gates[0].model_copy(update={"gate": "accuracy_gap@16/4x no worse than the baseline"})
    against = results.model_copy(update={"baseline": earlier, "gates": (gate,)})
    places = (GatePlace("accuracy_gap <= 0.1", "memaudit.toml", 2),)
    assert places_of(Material(against, places=places)) == [("memaudit.toml", 2)]


def test_fingerprints_are_of_the_gate_alone() -> None:
    def keys(kind: str) -> list[str]:
        return [
            item["partialFingerprints"]["memauditGate/v1"]
            for item in run_of(Material(audit(kind)))["results"]
        ]

    assert keys("failed") == keys("inconclusive")
    assert len(set(keys("failed"))) == 3


def test_the_schema_refuses_what_is_no_sarif() -> None:
    document = json.loads(only(sarif.RENDERER.documents(Material(audit("failed")))))
    document["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        sarif_schema().validate(document)
