"""Gates against an earlier audit: rates over random audits, intervals by hand, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from memaudit.audit.baseline import against_baseline
from memaudit.audit.compare import Audit
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Injection, Results
from memaudit.audit.sheet import sheets
from memaudit.audit.utterances import Utterance
from memaudit.errors import ResultsError
from tests.audit.compared import audit, heard, kit

CLEAN, SOME, MUCH = {16: 0.05}, {16: 0.4}, {16: 0.95}
SIZE = {"levels": (16,), "pairs": 20, "reserve": 60}
GATES = ("accuracy_gap <= 0.1", "exposure <= 4")


def against(new: Audit, earlier: Audit) -> Results:
    return against_baseline(new.results, new.utterances, earlier)


def pair(seed: int, before: dict[int, float], after: dict[int, float], *, same_kit: bool = True) -> Results:
    rng = np.random.default_rng(seed)
    first = kit(seed, **SIZE)
    second = first if same_kit else kit(seed + 10_000, **SIZE)
    old, new = audit(heard(first, rng, before), "old", GATES), audit(heard(second, rng, after), "new", GATES)
    if not same_kit:
        old = with_commitment(old, "77" * 32)
    return against(new, old)


def with_commitment(found: Audit, commitment: str) -> Audit:
    changed = found.results.kit.model_copy(update={"commitment": commitment})
    return replace(found, results=found.results.model_copy(update={"kit": changed}))


@pytest.mark.parametrize("same_kit", [True, False])
def test_a_great_worsening_fails_and_an_improvement_passes(same_kit: bool) -> None:
    worse = pair(1, CLEAN, MUCH, same_kit=same_kit)
    assert worse.verdict == "failed"
    assert {gate.status for gate in worse.gates} == {"failed"}
    assert all(gate.low is not None and gate.low > 0 for gate in worse.gates)
    better = pair(2, MUCH, CLEAN, same_kit=same_kit)
    assert better.verdict == "passed"
    assert "no gated figure is worse" in better.verdict_reason
    assert worse.baseline is not None
    assert worse.baseline.paired is same_kit
    assert ("baseline-other-kit" in worse.warning_names) != same_kit


@pytest.mark.slow
@pytest.mark.parametrize("same_kit", [True, False])
def test_the_same_memory_fails_in_few_audits(same_kit: bool) -> None:
    """A leak that was there before is accepted: at most 5 % fail, whatever its size."""
    template = audit(heard(kit(0, **SIZE), np.random.default_rng(0), SOME), "x", GATES)
    rounds, failed = 30, 0
    for seed, memory in enumerate([CLEAN, SOME, MUCH] * (rounds // 3)):
        rng = np.random.default_rng(seed)
        first = kit(seed, **SIZE)
        second = first if same_kit else kit(seed + 10_000, **SIZE)
        # Verdicts rest on the gates alone here, and these on the utterances.
        old, new = (replace(template, utterances=heard(rows, rng, memory)) for rows in (first, second))
        if not same_kit:
            old = with_commitment(old, "77" * 32)
        failed += any(gate.status == "failed" for gate in against(new, old).gates)
    assert failed <= 4  # P[Bin(30, 0.05) > 4] < 0.02


def test_the_interval_of_another_kit_by_hand() -> None:
    rng = np.random.default_rng(3)
    old = with_commitment(audit(heard(kit(3, **SIZE), rng, SOME), "old", GATES), "77" * 32)
    new = audit(heard(kit(4, **SIZE), rng, MUCH), "new", GATES)
    found = against(new, old)
    level = 1 - 0.05 / 2 / 2  # two gated figures, two audits
    for gate in found.gates:
        limits = []
        for one in (old, new):
            (sheet,) = sheets(one.utterances, one.results.kit.commitment)[0].values()
            limits.append(METRICS[gate.metric].measure(sheet, sheet.inserted, ~sheet.inserted, level))
        before, after = limits
        assert before is not None
        assert after is not None
        assert gate.estimate == pytest.approx(after.estimate - before.estimate)
        assert (gate.low, gate.high) == (
            pytest.approx(after.low - before.high), pytest.approx(after.high - before.low),
        )  # fmt: skip


def test_with_one_kit_the_interval_is_never_wider_than_apart() -> None:
    rng = np.random.default_rng(5)
    rows = kit(5, **SIZE)
    old, new = (audit(heard(rows, rng, memory), "x", GATES) for memory in (SOME, SOME))
    paired = against(new, old)
    for gate in paired.gates:
        assert gate.low is not None
        assert gate.high is not None
        assert gate.estimate is not None
        assert gate.low <= gate.estimate <= gate.high
    same = against(old, old)
    assert [gate.estimate for gate in same.gates] == [0.0, 0.0]
    assert same.verdict == "passed"


def test_what_any_audit_needs_a_baseline_needs_too() -> None:
    rng = np.random.default_rng(6)
    rows = kit(6, **SIZE)
    old, new = (audit(heard(rows, rng, CLEAN), "x", GATES) for _ in range(2))
    unknown = new.results.model_copy(update={"injection": Injection(checked=False)})
    assert against_baseline(unknown, new.utterances, old).verdict == "inconclusive"
    unread = old.results.controls.model_copy(update={"passed": False})
    found = against(new, replace(old, results=old.results.model_copy(update={"controls": unread})))
    assert found.verdict == "inconclusive"
    assert "did not read its controls" in found.verdict_reason
    assert old.results.self_checks is not None
    void = old.results.self_checks.model_copy(
        update={"a_a": old.results.self_checks.a_a.model_copy(update={"passed": False})}
    )
    found = against(new, replace(old, results=old.results.model_copy(update={"self_checks": void})))
    assert found.verdict_reason == "the baseline is void by its self-checks"


def other(found: Audit, **kit_changes: object) -> Audit:
    changed = found.results.kit.model_copy(update={"commitment": "77" * 32, **kit_changes})
    return replace(found, results=found.results.model_copy(update={"kit": changed}))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"name": "powered"}, "kits of other recipes"),
        ({"entropy_bits": {"least": 1.0, "most": 2.0}}, "canaries of other entropy"),
    ],
)
def test_kits_that_are_not_alike_are_refused(changes: dict[str, object], part: str) -> None:
    rows: Sequence[Utterance] = heard(kit(7, **SIZE), np.random.default_rng(7), CLEAN)
    new = audit(rows, "new", GATES)
    with pytest.raises(ResultsError, match=part):
        against(new, other(new, **changes))


def test_ranks_by_other_scores_are_refused() -> None:
    rows = heard(kit(8, **SIZE), np.random.default_rng(8), CLEAN)
    new = audit(rows, "new", GATES)
    old = other(audit([row.model_copy(update={"loss": None}) for row in rows], "old", GATES))
    with pytest.raises(ResultsError, match="membership measured differently"):
        against(new, old)
    gap = audit(rows, "new", GATES[:1])
    assert against(gap, old).verdict == "passed"
