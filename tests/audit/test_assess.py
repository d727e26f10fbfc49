"""From utterances to results: what they rest on, what they must not rest on, and their error rates."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from memaudit.audit.assess import assess, regate
from memaudit.audit.cells import cell_tests
from memaudit.audit.controls import check_controls
from memaudit.audit.guesses import one_run_bound
from memaudit.audit.results import Cell, Controls, Injection, Results, read_results, write_results
from memaudit.audit.sheet import Sheet, sheets, tie_key
from memaudit.audit.utterances import Utterance, read_utterances, utterances_text
from memaudit.audit.verdict import decide
from memaudit.errors import ResultsError
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_chosen import chosen_epsilon
from memaudit.stats.guesses import Guesses
from tests.audit.synthetic import COMMITMENT, subject, utterances


def results(rows: list[Utterance], **evidence: bool) -> Results:
    return assess(rows, subject(**evidence), [], "0" * 64)


def figures(found: Results) -> dict[str, object]:
    return {key: value for key, value in found.document().items() if key != "created"}


def test_order_of_the_input_changes_nothing() -> None:
    rows = utterances(1, leak=0.2, ties=0.8, loss=False)
    turned = rows.copy()
    random.Random(0).shuffle(turned)
    assert figures(results(rows)) == figures(results(turned))


def test_cells_are_plain_means() -> None:
    rows = utterances(2, leak=0.2, levels=(1, 8), speeds=(4.0, 2.0))
    found = results(rows)
    assert [(cell.speed, cell.repetitions) for cell in found.cells] == [(4, 8), (4, 1), (2, 8), (2, 1)]
    for cell in found.cells:
        inserted = [
            r for r in rows if (r.speed, r.repetitions, r.arm) == (cell.speed, cell.repetitions, "inserted")
        ]
        held_out = [r for r in rows if (r.speed, r.arm) == (cell.speed, "held_out")]
        for arm, chosen in ((cell.inserted, inserted), (cell.held_out, held_out)):
            assert arm.n == len(chosen)
            assert arm.accuracy == pytest.approx(np.mean([row.accuracy for row in chosen]))
            assert arm.exact == pytest.approx(np.mean([row.exact for row in chosen]))
            assert arm.loss == pytest.approx(np.mean([row.loss for row in chosen]))
            assert arm.accuracy_low <= arm.accuracy <= arm.accuracy_high
        gap = cell.accuracy_gap
        assert gap.estimate == pytest.approx(cell.inserted.accuracy - cell.held_out.accuracy)
        assert cell.epsilon is not None
        assert cell.epsilon.single == pytest.approx(cell.epsilon.group / cell.repetitions)


def test_guesses_are_the_twins_with_the_higher_membership() -> None:
    rows = utterances(3, leak=0.3, levels=(4,))
    found = results(rows).cells[0].epsilon
    assert found is not None
    twins: dict[str, dict[str, Utterance]] = {}
    for row in rows:
        if row.pair is not None:
            twins.setdefault(row.pair, {})[row.arm] = row
    right = sum((pair["inserted"].loss or 0.0) < (pair["held_out"].loss or 0.0) for pair in twins.values())
    assert (found.guesses, found.correct) == (len(twins), right)
    gains = [
        (pair["held_out"].loss or 0) / (pair["held_out"].tokens or 1)
        - (pair["inserted"].loss or 0) / (pair["inserted"].tokens or 1)
        for _, pair in sorted(twins.items())
    ]
    surest = sorted(gains, key=abs, reverse=True)
    guesses = Guesses(np.array(surest) > 0, np.ones(len(surest), dtype=np.int64), "replace-one")
    bound = chosen_epsilon(guesses, 0.95)
    assert (found.group, found.used) == (bound.epsilon, bound.used)
    assert found.group >= 0.5 * one_run_epsilon(len(twins), right, 0.95)


def test_ties_are_broken_by_the_commitment_and_evenly() -> None:
    rows = [row.model_copy(update={"accuracy": 0.0}) for row in utterances(4, loss=False, levels=(1,))]
    counts = Counter()
    for number in range(200):
        sheet = sheets(rows, f"{number:064x}")[0][4.0]
        bound = one_run_bound(sheet, None, 0.95)
        assert bound is not None
        counts["right"] += bound.correct
        counts["all"] += bound.guesses
    assert abs(counts["right"] / counts["all"] - 0.5) < 3 * 0.5 / np.sqrt(counts["all"])
    assert tie_key(COMMITMENT, "a") != tie_key(COMMITMENT, "b") != tie_key("00" * 32, "b")


def test_membership_rests_on_losses_only_where_every_canary_has_one() -> None:
    rows = utterances(5, loss=True)
    sheet = sheets(rows, COMMITMENT)[0][4.0]
    assert sheet.membership == pytest.approx([-(row.loss or 0) / (row.tokens or 1) for row in sheet.rows])
    assert results(rows).membership == "loss"
    without = [rows[0].model_copy(update={"loss": None, "tokens": None}), *rows[1:]]
    assert results(without).membership == "accuracy"


def test_a_canary_without_an_alignment_is_the_least_likely_member_and_is_counted() -> None:
    rows = utterances(6)
    rows[0] = rows[0].model_copy(update={"loss": None, "infeasible": True})
    sheet = sheets(rows, COMMITMENT)[0][4.0]
    place = sheet.index[rows[0].id]
    assert sheet.membership[place] == sheet.membership.min()
    assert np.isfinite(sheet.membership).all()
    found = results(rows)
    assert found.membership == "loss"
    assert f"1 of 90 canaries ({rows[0].id}) have more tokens" in " ".join(found.warnings)
    assert [(fits.speed, fits.n, fits.infeasible) for fits in found.feasibility] == [(4.0, 90, (rows[0].id,))]


def test_missing_arms_and_double_canaries_are_refused() -> None:
    rows = utterances(7)
    with pytest.raises(ResultsError, match="one arm only"):
        results([row for row in rows if row.arm != "held_out"])
    with pytest.raises(ResultsError, match="scored twice"):
        results([*rows, rows[0]])
    with pytest.raises(ResultsError, match="no canaries"):
        results([row for row in rows if row.arm == "control"])


@pytest.mark.parametrize(("accuracy", "passed"), [(0.95, True), (0.3, False), (0.0, False)])
def test_controls(accuracy: float, passed: bool) -> None:
    controls = sheets(utterances(8, control_accuracy=accuracy), COMMITMENT)[1]
    assert check_controls(controls).passed is passed


def test_a_kit_without_controls_never_passes() -> None:
    assert check_controls(Sheet((), COMMITMENT)).passed is False
    found = assess(utterances(8, controls=0), subject(), ["accuracy_gap <= 0.9"], "0" * 64)
    assert found.verdict == "inconclusive"
    assert any("no control sentences" in warning for warning in found.warnings)


GOOD = Controls(n=20, accuracy=0.9, low=0.85, chance=0.2, passed=True)
BAD = GOOD.model_copy(update={"passed": False})
ASSUMED, CHECKED, UNKNOWN = (
    Injection(checked=False, assumed=True),
    Injection(checked=True),
    Injection(checked=False),
)


@pytest.mark.parametrize(
    ("gates", "controls", "injection", "leak", "verdict"),
    [
        (["accuracy_gap@16 <= 0.1"], GOOD, UNKNOWN, 0.5, "failed"),
        (["accuracy_gap@16 <= 0.1"], BAD, UNKNOWN, 0.5, "failed"),
        (["accuracy_gap@16 <= 0.1", "exposure@1 <= 99"], GOOD, ASSUMED, 0.5, "failed"),
        (["accuracy_gap <= 0.6"], GOOD, ASSUMED, 0.0, "passed"),
        (["accuracy_gap <= 0.6"], GOOD, CHECKED, 0.0, "passed"),
        (["accuracy_gap <= 0.6"], GOOD, UNKNOWN, 0.0, "inconclusive"),
        (["accuracy_gap <= 0.6"], BAD, CHECKED, 0.0, "inconclusive"),
        (["accuracy_gap <= 0.01"], GOOD, CHECKED, 0.0, "inconclusive"),
        # Memorisation that a generous gate allows needs no evidence of injection: it is the evidence.
        (["accuracy_gap <= 1"], GOOD, UNKNOWN, 0.5, "passed"),
        # A gate on a lower bound can fail an audit, never pass it.
        (["epsilon <= 9"], GOOD, CHECKED, 0.0, "inconclusive"),
        (["epsilon <= 9", "accuracy_gap <= 0.6"], GOOD, CHECKED, 0.0, "passed"),
        (["epsilon@16 <= 0.01"], GOOD, CHECKED, 0.9, "failed"),
    ],
)
def test_verdicts(
    gates: list[str], controls: Controls, injection: Injection, leak: float, verdict: str
) -> None:
    found = assess(utterances(12, leak=leak), subject(), gates, "0" * 64)
    cells: tuple[Cell, ...] = found.cells
    assert decide(found.gates, controls, injection, cells)[0] == verdict


def test_gates_again_give_what_scoring_gave() -> None:
    rows = utterances(10, leak=0.2)
    found = results(rows)
    assert regate(found, rows, []) == found
    strict = regate(found, rows, ["accuracy_gap@1 <= -0.5"])
    assert strict.verdict == "failed"
    assert strict.policy == "given"
    assert strict.cells == found.cells


def test_files_round_trip(tmp_path: Path) -> None:
    folder = tmp_path
    rows = utterances(11, leak=0.2)
    found = results(rows)
    write_results(folder / "results.json", found)
    assert read_results(folder) == read_results(folder / "results.json") == found
    (folder / "u.jsonl").write_text(utterances_text(rows))
    assert read_utterances(folder / "u.jsonl") == sorted(rows, key=lambda row: row.id)
    (folder / "u.jsonl").write_text(utterances_text(rows) + '{"id": 3}\n')
    with pytest.raises(ResultsError, match=f"u.jsonl:{len(rows) + 1}: is no line"):
        read_utterances(folder / "u.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "ties"), [(True, 0.0), (False, 0.9)])
def test_nothing_is_detected_in_95_percent_of_null_audits(loss: bool, ties: float) -> None:
    audits = 1000
    alarms = 0
    for seed in range(audits):
        rows = utterances(
            seed, levels=(1, 16), pairs=6, reserve=12, controls=0, loss=loss, ties=ties, speeds=(4, 2)
        )
        alarms += any(cell.p_adjusted <= 0.05 for cell in cell_tests(sheets(rows, f"{seed:064x}")[0]))
    assert alarms / audits <= 0.05 + 2.33 * np.sqrt(0.05 * 0.95 / audits)
