"""A comparison of two audits: each figure naively from the utterances, what is refused, and the verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from memaudit.audit.compare import Audit, compare
from memaudit.audit.compare_cells import TESTED
from memaudit.audit.compare_verdict import FIGURES
from memaudit.audit.comparison import Comparison
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Injection, KitSummary
from memaudit.audit.utterances import Utterance
from memaudit.errors import ResultsError
from memaudit.stats.multiplicity import fixed_sequence, holm
from tests.audit.compared import audit, heard, kit

CLEAN, LEAKY = {1: 0.0, 4: 0.1, 16: 0.2}, {1: 0.1, 4: 0.5, 16: 0.9}


def checkpoints(seed: int = 1, **options: Any) -> tuple[Audit, Audit]:
    rows, rng = kit(seed, **options), np.random.default_rng(seed)
    return audit(heard(rows, rng, CLEAN), "old"), audit(heard(rows, rng, LEAKY), "new")


def with_results(found: Audit, **changes: Any) -> Audit:
    return replace(found, results=found.results.model_copy(update=changes))


def with_rows(found: Audit, change: Any) -> Audit:
    return replace(found, utterances=[row.model_copy(update=change(row)) for row in found.utterances])


def gap(rows: Sequence[Utterance], values: dict[str, float], speed: float, level: int | None) -> float:
    inserted = [
        values[r.id]
        for r in rows
        if r.arm == "inserted" and r.speed == speed and level in (None, r.repetitions)
    ]
    held_out = [values[r.id] for r in rows if r.arm == "held_out" and r.speed == speed]
    return sum(inserted) / len(inserted) - sum(held_out) / len(held_out)


def exposures(
    rows: Sequence[Utterance], scores: dict[str, float], speed: float, level: int | None
) -> dict[str, float]:
    others = [scores[r.id] for r in rows if r.arm == "held_out" and r.speed == speed]
    return {
        r.id: math.log2(len(others)) - math.log2(1 + sum(score >= scores[r.id] for score in others))
        for r in rows
        if r.arm == "inserted" and r.speed == speed and level in (None, r.repetitions)
    }


def test_every_figure_from_the_utterances() -> None:
    a, b = checkpoints(speeds=(4.0, 2.0), pairs=6, reserve=9)
    found = compare(a, b)
    rows = a.utterances
    assert [(cell.speed, cell.repetitions) for cell in found.cells] == [
        (speed, level) for speed in (4.0, 2.0) for level in (16, 4, 1)
    ]
    assert [(cell.speed, cell.repetitions) for cell in found.speeds] == [(4.0, None), (2.0, None)]
    scores = [
        {r.id: -(r.loss or 0.0) / (r.tokens or 1) for r in each.utterances if r.arm != "control"}
        for each in (a, b)
    ]
    accuracy = [{r.id: r.accuracy for r in each.utterances} for each in (a, b)]
    exact = [{r.id: float(r.exact) for r in each.utterances} for each in (a, b)]
    for cell in (*found.cells, *found.speeds):
        where = cell.speed, cell.repetitions
        for figure, values in ((cell.accuracy_gap, accuracy), (cell.exact_gap, exact), (cell.score, scores)):
            before, after = (gap(rows, each, *where) for each in values)
            assert (figure.a, figure.b) == pytest.approx((before, after))
            assert figure.change == pytest.approx(after - before)
        first, second = (exposures(rows, each, *where) for each in scores)
        means = [sum(each.values()) / len(each) for each in (first, second)]
        assert (cell.exposure.a, cell.exposure.b) == pytest.approx(tuple(means))
        assert cell.exposure.change == pytest.approx(means[1] - means[0])
        top = math.log2(cell.held_out)
        assert cell.exposure_ceiling == pytest.approx(top)
        was, now = ({name for name, bits in each.items() if bits == top} for each in (first, second))
        members = cell.members
        assert (members.gained, members.lost, members.kept) == (
            len(now - was),
            len(was - now),
            len(was & now),
        )
        assert cell.inserted == len(first)
        for figure in (cell.accuracy_gap, cell.exact_gap, cell.exposure, cell.held_out_accuracy):
            assert figure.low <= figure.change <= figure.high
            assert figure.confidence == 0.95
        own = next(
            (c.accuracy_gap for c in a.results.cells if (c.speed, c.repetitions) == where),
            cell.accuracy_gap_a,
        )
        assert cell.accuracy_gap_a.estimate == pytest.approx(own.estimate)
        assert cell.accuracy_gap_a.low == pytest.approx(own.low)
    held_out = [
        np.mean([accuracy[n][r.id] for r in rows if r.arm == "held_out" and r.speed == 4]) for n in (0, 1)
    ]
    shown = found.speeds[0].held_out_accuracy
    assert (shown.a, shown.b) == pytest.approx(tuple(held_out))
    assert {row.id: row.a for row in found.canaries} == pytest.approx(scores[0], abs=1e-12)
    assert {row.id: row.b for row in found.canaries} == pytest.approx(scores[1], abs=1e-12)


def test_p_values_by_exchanging_canaries_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 2^12 exchanges of a small cell, the gap computed anew for each."""
    a, b = checkpoints(levels=(4,), pairs=4, reserve=4)
    cell = compare(a, b).cells[0]
    rows = [
        (x.arm == "inserted", x.accuracy, y.accuracy)
        for x, y in zip(a.utterances, b.utterances, strict=True)
        if x.arm != "control"
    ]
    arm = np.array([row[0] for row in rows])
    x, y = (np.array([row[at] for row in rows]) for at in (1, 2))
    changes = []
    for number in range(2 ** len(rows)):
        swap = np.array([number >> bit & 1 for bit in range(len(rows))], dtype=bool)
        one, two = np.where(swap, y, x), np.where(swap, x, y)
        changes.append((two[arm].mean() - two[~arm].mean()) - (one[arm].mean() - one[~arm].mean()))
    naive = np.mean(np.abs(changes) >= abs(changes[0]) - 1e-9)
    assert cell.accuracy_gap.p_value == pytest.approx(naive)


def test_p_values_are_adjusted_as_the_audit_adjusts_its_own() -> None:
    found = compare(*checkpoints(speeds=(4.0, 2.0), pairs=6, reserve=9))
    for name in TESTED:
        p = [getattr(cell, name).p_value for cell in found.cells]
        first = fixed_sequence(p[:3])
        wanted = [*first, *np.maximum(holm(p[3:]), first[-1])]
        assert [getattr(cell, name).p_adjusted for cell in found.cells] == pytest.approx(wanted)
        assert all(getattr(cell, name).p_adjusted is None for cell in found.speeds)


def test_more_and_less_with_their_numbers() -> None:
    a, b = checkpoints(pairs=20)
    found, back, same = compare(a, b), compare(b, a), compare(a, a)
    assert (found.verdict, back.verdict, same.verdict) == ("more", "less", "not shown")
    assert (found.worse, back.worse, same.worse) == (True, False, False)
    gate = found.gates[0]
    assert (gate.figure, gate.speed, gate.repetitions, gate.change) == ("accuracy_gap", 4.0, 16, "more")
    moved = gate.difference
    for number in (moved.change, moved.low, moved.high):
        assert f"{number:+.2f}" in found.verdict_reason
    assert moved.confidence == pytest.approx(1 - 0.05 / 3)
    assert moved.low < found.cells[0].accuracy_gap.low
    assert [item.kind for item in found.movers].count("risen") == 4
    assert all(item.exposure_b > item.exposure_a for item in found.movers if item.kind == "risen")
    assert same.movers == ()
    assert {cell.accuracy_gap.p_value for cell in same.cells} == {1.0}
    assert any("same utterances" in text for text in same.warnings)


@pytest.mark.parametrize(
    ("gates", "figures"),
    [
        (["exposure@16 <= 3", "auc@16 <= 0.7", "epsilon@16 <= 2"], ["exposure"]),
        (["exact_gap@4 <= 0.1", "accuracy_gap@1 <= 0.1"], ["exact_gap", "accuracy_gap"]),
    ],
)
def test_gated_figures_are_those_of_either_audit(gates: list[str], figures: list[str]) -> None:
    rows, rng = kit(3), np.random.default_rng(3)
    a = audit(heard(rows, rng, CLEAN), "a", gates)
    b = audit(heard(rows, rng, LEAKY), "b", [gates[0]])
    found = compare(a, b)
    assert [gate.figure for gate in found.gates] == figures
    assert found.gates[0].metric == gates[0].split("@")[0]
    assert found.gates[0].difference.confidence == pytest.approx(1 - 0.05 / len(figures))


@pytest.mark.parametrize("scale", [2.0, 0.25])
def test_losses_on_another_scale_change_no_rank(scale: float) -> None:
    a, _ = checkpoints()
    b = with_rows(a, lambda row: {"loss": row.loss * scale})
    for cell in compare(a, b).cells:
        assert (cell.exposure.change, cell.exposure.p_value) == (0.0, 1.0)
        assert (cell.members.gained, cell.members.lost) == (0, 0)
        assert cell.score.change == pytest.approx((scale - 1) * cell.score.a)


def test_one_with_losses_and_one_without_are_compared_by_accuracy() -> None:
    a, b = checkpoints()
    b = audit([row.model_copy(update={"loss": None, "tokens": None}) for row in b.utterances], "b")
    found = compare(a, b)
    assert (found.scale, found.a.membership, found.b.membership) == ("accuracy", "loss", "accuracy")
    assert any("B has no losses" in text for text in found.warnings)
    by_id = {row.id: row.accuracy for row in a.utterances}
    assert all(row.a == by_id[row.id] for row in found.canaries)
    assert any("A has no losses" in text for text in compare(b, a).warnings)


def test_losses_in_other_tokens_are_compared_a_character() -> None:
    a, b = checkpoints()
    b = with_rows(b, lambda row: {"tokens": 9})
    found = compare(a, b)
    assert found.scale == "loss per character"
    assert any("different tokens" in text for text in found.warnings)
    row = next(row for row in b.utterances if row.arm == "inserted")
    assert row.loss is not None
    shown = next(item for item in found.canaries if item.id == row.id)
    assert shown.b == pytest.approx(-row.loss / len(row.reference))


def other(found: Audit) -> KitSummary:
    return found.results.kit.model_copy(update={"commitment": "77" * 32})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: with_results(b, kit=other(b)), "different kits"),
        (lambda b: with_results(b, normaliser="other/1"), "normalise text differently"),
        (lambda b: replace(b, utterances=b.utterances[1:]), "is not in both audits"),
        (lambda b: with_rows(b, lambda row: {"voice": "other"}), "is not the same in both"),
        (lambda b: with_rows(b, lambda row: {"reference": row.reference + " x"}), "is not the same in both"),
    ],
)  # fmt: skip
def test_what_cannot_be_paired_is_refused(change: Any, words: str) -> None:
    a, b = checkpoints(levels=(4,), pairs=3, reserve=3)
    with pytest.raises(ResultsError, match=words):
        compare(a, change(b))
    with pytest.raises(ResultsError, match=words):
        compare(change(b), a)


def test_every_metric_of_gates_has_a_figure_and_unknown_ones_are_refused() -> None:
    assert FIGURES.keys() == METRICS.keys()
    a, b = checkpoints(levels=(4,), pairs=3, reserve=3)
    gate = a.results.gates[0]
    for change in ({"metric": "novelty"}, {"speed": 9.0}, {"repetitions": 3}):
        odd = with_results(a, gates=(gate.model_copy(update=change),))
        with pytest.raises(ResultsError, match="cannot be compared"):
            compare(odd, b)
    bare = [with_results(each, gates=()) for each in (a, b)]
    assert compare(*bare).verdict == "undecided"


def unread(found: Audit) -> Audit:
    return with_results(found, controls=found.results.controls.model_copy(update={"passed": False}))


def injected(found: Audit, **facts: Any) -> Audit:
    return with_results(found, injection=Injection(**facts))


@pytest.mark.parametrize(
    ("change_low", "change_high", "risen", "fallen"),
    [
        # What is not read seems not memorised: only a B that is worse than an A that was read is worse.
        (unread, None, "undecided", "undecided"),
        (None, unread, "more", "less"),
        (lambda x: injected(x, checked=True), None, "more", "less"),
        (lambda x: injected(x, checked=True, missing=3), None, "more", "undecided"),
        (None, lambda x: injected(x, checked=True, missing=3), "more", "less"),
    ],
)
def test_what_a_difference_needs(change_low: Any, change_high: Any, risen: str, fallen: str) -> None:
    low, high = checkpoints(pairs=20)
    low = change_low(low) if change_low else low
    high = change_high(high) if change_high else high
    assert (compare(low, high).verdict, compare(high, low).verdict) == (risen, fallen)


def test_less_needs_evidence_that_the_canaries_were_in() -> None:
    rows, rng = kit(5, pairs=20), np.random.default_rng(5)
    nothing, high = audit(heard(rows, rng, {})), audit(heard(rows, rng, LEAKY), "high")
    assert compare(high, nothing).verdict == "less"
    bare = injected(nothing, checked=False)
    assert not compare(high, bare).b.detected
    found = compare(high, bare)
    assert (found.verdict, found.b.injection) == ("undecided", "unknown")
    assert any("check-injection" in text for text in found.warnings)


def test_the_document_is_whole_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    a, b = checkpoints(levels=(4,), pairs=3, reserve=3)
    document = compare(a, b).document()
    text = json.dumps(document, allow_nan=False)
    assert document["schema"] == "memaudit/comparison/1"
    assert Comparison.model_validate(json.loads(text)).document() == document
    assert json.dumps(compare(a, b).document()) == text
    shuffled = replace(b, utterances=list(reversed(b.utterances)))
    assert json.dumps(compare(a, shuffled).document()) == text


def test_a_worse_cell_is_worse_whatever_the_better_one_lacks() -> None:
    rows, rng = kit(6, levels=(4, 16), pairs=20), np.random.default_rng(6)
    a, b = audit(heard(rows, rng, {4: 0.9}), "a"), audit(heard(rows, rng, {16: 0.9}), "b")
    assert (compare(a, b).verdict, compare(b, a).verdict) == ("mixed", "mixed")
    found = compare(a, injected(b, checked=True, leaked=1))
    assert (found.verdict, found.worse) == ("more", True)
