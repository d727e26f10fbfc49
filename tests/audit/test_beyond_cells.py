"""Figures that rest on more than one cell: joint epsilon, coins of one's own, learning against memorising."""

from __future__ import annotations

import numpy as np
import pytest

from memaudit.audit.assess import assess
from memaudit.audit.guesses import guesses_of, joint_bound, one_run_bound
from memaudit.audit.learning import learning
from memaudit.audit.sheet import sheets
from memaudit.audit.utterances import Utterance
from memaudit.stats.difference_of_gaps import difference_of_gaps
from memaudit.stats.epsilon_chosen import chosen_epsilon
from memaudit.stats.guesses import sure_pair_guesses
from tests.audit.synthetic import COMMITMENT, subject, utterances


def with_own_coins(rows: list[Utterance], seed: int) -> list[Utterance]:
    """The same texts under the other design: each canary of a pair flips a coin of its own."""
    rng = np.random.default_rng(seed)
    level_of = {row.pair: row.repetitions for row in rows if row.repetitions}
    found = []
    for number, row in enumerate(rows):
        if row.pair is None:
            found.append(row)
            continue
        level = level_of[row.pair]
        inserted = bool(rng.random() < 0.5)
        arm = "inserted" if inserted else "held_out"
        coin = f"c{level}-{number:06d}"
        found.append(
            row.model_copy(update={"arm": arm, "pair": coin, "repetitions": level if inserted else 0})
        )
    return found


def test_the_joint_bound_is_that_of_all_pairs_with_their_copies() -> None:
    sheet = sheets(utterances(1, leak=0.2), COMMITMENT)[0][4.0]
    pairs = sheet.pairs()
    one, other = np.array(pairs).T
    expected = chosen_epsilon(
        sure_pair_guesses(sheet.membership[one], sheet.membership[other], sheet.repetitions[one]), 0.95
    )
    found = joint_bound(sheet, 0.95)
    assert found == expected
    results = assess(utterances(1, leak=0.2), subject(), (), "0" * 64)
    assert results.epsilon is not None
    assert results.epsilon.joint_single == expected.epsilon > 0
    assert results.epsilon.guesses == 30


def test_cells_have_bounds_for_all_copies_and_for_one() -> None:
    results = assess(utterances(1, leak=0.9, pairs=20), subject(), (), "0" * 64)
    for cell in results.cells:
        assert cell.epsilon is not None
        assert cell.epsilon.single == cell.epsilon.group / cell.repetitions
        assert cell.epsilon.adjacency == "replace-one"
        assert cell.epsilon.used is not None
        assert cell.epsilon.used <= cell.epsilon.guesses == 20
        assert cell.epsilon.fdp_estimate is not None
        assert cell.epsilon.fdp_estimate.assumption == "gaussian"


def test_coins_of_their_own_are_guessed_one_by_one() -> None:
    rows = with_own_coins(utterances(3, pairs=20), seed=4)
    # A model that knows each inserted canary.
    known = [
        row.model_copy(update={"loss": 1.0 + number / 1000}) if row.arm == "inserted" else row
        for number, row in enumerate(rows)
        if row.arm != "control"
    ]
    sheet = sheets(known, COMMITMENT)[0][4.0]
    bound = one_run_bound(sheet, 16, 0.95)
    assert bound is not None
    assert bound.adjacency == "add-remove"
    assert bound.guesses == 40
    assert bound.correct >= 30
    assert bound.epsilon > 1.0
    whole = guesses_of(sheet, each_copy=True)
    assert whole is not None
    assert sorted(set(whole.copies.tolist())) == [1, 4, 16]
    assert whole.right.size == 120


@pytest.mark.slow
def test_coins_on_a_clean_model_show_nothing_in_19_audits_of_20() -> None:
    above = 0
    for seed in range(300):
        rows = with_own_coins(utterances(seed, pairs=10, levels=(1, 4), reserve=5, controls=2), seed=seed)
        found = joint_bound(sheets(rows, COMMITMENT)[0][4.0], 0.95)
        assert found is not None
        above += found.epsilon > 0
    assert above <= 300 * 0.05 + 3 * np.sqrt(300 * 0.05 * 0.95)


def test_learning_is_the_difference_of_the_gaps_of_two_speeds() -> None:
    rows = utterances(5, leak=0.3, speeds=(1.0, 4.0), pairs=15)
    # At speed 1 the model reads everything, whether it went in or not.
    read = [
        row.model_copy(update={"accuracy": 1.0, "cer": 0.0, "exact": True}) if row.speed == 1.0 else row
        for row in rows
    ]
    by_speed, _ = sheets(read, COMMITMENT)
    found = learning(by_speed, 0.95)
    assert found is not None
    assert (found.fast, found.slow) == (4.0, 1.0)
    fast, slow = by_speed[4.0], by_speed[1.0]
    expected = difference_of_gaps(
        fast.accuracy[fast.inserted],
        fast.accuracy[~fast.inserted],
        slow.accuracy[slow.inserted],
        slow.accuracy[~slow.inserted],
    )
    assert found.difference_of_gaps.estimate == expected.estimate
    assert found.difference_of_gaps.low == expected.low > 0
    assert found.half_accuracy.status == "reached"
    assert found.half_accuracy.speed is not None
    assert 1.0 < found.half_accuracy.speed <= 4.0
    assert [(item.arm, item.repetitions) for item in found.half_recall] == [
        ("held_out", 0), ("inserted", 1), ("inserted", 4), ("inserted", 16),
    ]  # fmt: skip


def test_one_speed_says_nothing_of_learning() -> None:
    assert learning(sheets(utterances(6), COMMITMENT)[0], 0.95) is None


def test_error_gaps_are_those_of_accuracy_where_no_rate_is_above_one() -> None:
    results = assess(utterances(7, leak=0.5), subject(), (), "0" * 64)
    for cell in results.cells:
        assert cell.cer_gap is not None
        assert cell.wer_gap is not None
        assert cell.cer_gap.estimate == pytest.approx(-cell.accuracy_gap.estimate)
        assert cell.cer_gap.low == pytest.approx(-cell.accuracy_gap.high, abs=1e-6)
