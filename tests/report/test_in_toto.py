"""The in-toto statement: its subjects are the model's files, and only a passed audit is PASSED."""

from __future__ import annotations

import pytest

from memaudit.audit.results import ModelFile
from memaudit.errors import ResultsError
from memaudit.report.in_toto import RENDERER
from tests.report.audits import VERDICTS, audit, with_files
from tests.report.readers import read_in_toto


@pytest.mark.parametrize("kind", VERDICTS)
def test_only_a_passed_audit_is_passed(kind: str) -> None:
    predicate = read_in_toto(RENDERER.render(audit(kind)))["predicate"]
    assert predicate["result"] == ("PASSED" if VERDICTS[kind] == "passed" else "FAILED")
    assert ("verdict" in predicate["passedTests"]) == (VERDICTS[kind] == "passed")
    assert ("verdict" in predicate["failedTests"]) == (VERDICTS[kind] != "passed")
    (kit, utterances) = predicate["configuration"]
    assert kit["annotations"]["verdict"] == VERDICTS[kind]
    assert kit["digest"] == {"sha256": audit(kind).kit.commitment}
    assert utterances["digest"] == {"sha256": audit(kind).utterances.sha256}


def test_gates_by_how_they_stand() -> None:
    results = audit("mixed")
    predicate = read_in_toto(RENDERER.render(results))["predicate"]
    gaps = [gate.gate for gate in results.gates if gate.metric == "accuracy_gap"]
    assert predicate["failedTests"] == ["verdict", *gaps]
    assert predicate["warnedTests"] == [gate.gate for gate in results.gates if gate.metric == "epsilon"]


def test_void_gates_are_in_no_list() -> None:
    predicate = read_in_toto(RENDERER.render(audit("void")))["predicate"]
    assert predicate["passedTests"] == predicate["warnedTests"] == []
    assert predicate["failedTests"] == ["verdict"]


def test_subjects_are_the_models_files() -> None:
    files = (ModelFile(name="encoder.onnx", sha256="a" * 64), ModelFile(name="tokens.txt", sha256="b" * 64))
    document = read_in_toto(RENDERER.render(with_files(audit("passed"), *files)))
    assert [(item["name"], item["digest"]["sha256"]) for item in document["subject"]] == [
        ("encoder.onnx", "a" * 64),
        ("tokens.txt", "b" * 64),
    ]


def test_without_files_what_was_heard_is_the_subject() -> None:
    (subject,) = read_in_toto(RENDERER.render(with_files(audit("passed"))))["subject"]
    assert subject["name"] == "utterances.jsonl"
    assert subject["digest"]["sha256"] == audit("passed").utterances.sha256


def test_a_digest_that_is_none_is_refused() -> None:
    broken = with_files(audit("passed"), ModelFile(name="m.onnx", sha256="no digest"))
    with pytest.raises(ResultsError, match=r"digest of m\.onnx: is no SHA-256 digest"):
        RENDERER.render(broken)
