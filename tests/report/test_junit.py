"""JUnit: a CI server shows a passed audit green and no other, and says why."""

from __future__ import annotations

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from memaudit.report.junit import RENDERER
from tests.report.audits import HOSTILE, VERDICTS, audit, foul
from tests.report.readers import read_junit


def outcomes(kind: str) -> dict[str, str]:
    """Case -> how a server lists it."""
    names = {Failure: "failure", Error: "error", Skipped: "skipped"}
    cases = {}
    for case in read_junit(RENDERER.render(audit(kind))):
        assert isinstance(case, TestCase)
        (result,) = case.result or [None]
        cases[str(case.name)] = "passed" if result is None else names[type(result)]
    return cases


@pytest.mark.parametrize("kind", VERDICTS)
def test_green_is_a_passed_audit_and_nothing_else(kind: str) -> None:
    found = outcomes(kind)
    assert list(found) == [*(gate.gate for gate in audit(kind).gates), "verdict"]
    green = not set(found.values()) & {"failure", "error"}
    assert green == (VERDICTS[kind] == "passed")
    assert ("failure" in found.values()) == (VERDICTS[kind] == "failed")


def test_undecided_gates_are_errors() -> None:
    assert set(outcomes("inconclusive").values()) == {"error"}


def test_a_lower_bound_that_did_not_fail_is_skipped_and_never_a_pass() -> None:
    found = outcomes("bound")
    epsilon = {name: outcome for name, outcome in found.items() if name.startswith("epsilon")}
    assert set(epsilon.values()) == {"skipped"}
    assert {outcome for name, outcome in found.items() if name not in epsilon} == {"passed"}


def test_a_failed_self_check_voids_the_gates() -> None:
    found = outcomes("void")
    assert any(gate.status == "failed" for gate in audit("void").gates)
    assert found.pop("verdict") == "error"
    assert set(found.values()) == {"skipped"}


def test_messages_carry_limits_and_n() -> None:
    results = audit("mixed")
    suite = read_junit(RENDERER.render(results))
    cases = {case.name: case for case in suite}
    gate = results.gates[0]
    (failure,) = cases[gate.gate].result
    cell = next(c for c in results.cells if (c.speed, c.repetitions) == (gate.speed, gate.repetitions))
    assert f"{gate.estimate:.3f} ({gate.low:.3f} to {gate.high:.3f})" in failure.message
    assert f"n = {cell.inserted.n} inserted, {cell.held_out.n} held out" in failure.message
    assert failure.type == "memaudit.failed"
    properties = {item.name: item.value for item in suite.properties()}
    assert properties["kit.commitment"] == results.kit.commitment
    assert properties["model.sha256.heard.jsonl"] == results.model.files[0].sha256
    assert "of their characters right (n = 10)" in cases["verdict"].system_out


def test_round_trip_by_junitparser() -> None:
    first = JUnitXml.fromstring(RENDERER.render(audit("mixed")).encode())
    second = JUnitXml.fromstring(first.tostring())
    assert [(c.name, c.classname, [r.message for r in c.result]) for s in first for c in s] == [
        (c.name, c.classname, [r.message for r in c.result]) for s in second for c in s
    ]


@pytest.mark.parametrize("hostile", HOSTILE[:4])
def test_texts_come_back_as_they_were(hostile: str) -> None:
    results = foul(hostile, audit("mixed"))
    suite = read_junit(RENDERER.render(results))
    assert [case.name for case in suite] == [*[hostile] * len(results.gates), "verdict"]
    assert suite.name == f"memaudit {hostile}"
