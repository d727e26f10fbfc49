"""The study's own pieces: an imagined model has the gap that it says, and the table counts right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memaudit.kit.recipe import load_recipe
from tests.simulation.imagined import Effect, Imagined
from tests.simulation.study import EFFECTS, Outcome, broken, simulate, table

SMALL = ["design.pairs_per_cell=12", "design.reserve_per_speed=40", "design.controls=10"]


@pytest.fixture(scope="module")
def imagined() -> Imagined:
    return Imagined(load_recipe("routine", SMALL))


def test_the_true_gap_is_what_the_effect_says(imagined: Imagined) -> None:
    effect = Effect("big", {16: 0.5, 1: 0.25})
    rng = np.random.default_rng(1)
    rows = [row for _ in range(60) for row in imagined.audit(effect, rng)]
    held_out = np.array([row.accuracy for row in rows if row.arm == "held_out"])
    for level, gap in ((16, 0.5), (1, 0.25), (4, 0.0)):
        inserted = np.array([row.accuracy for row in rows if row.repetitions == level])
        error = np.sqrt(inserted.var() / inserted.size + held_out.var() / held_out.size)
        assert abs(inserted.mean() - held_out.mean() - gap) < 4 * error


def test_audits_end_as_their_effect_demands(imagined: Imagined, tmp_path: Path) -> None:
    """No memorisation never fails in a few audits, a large effect always does."""
    clean = [simulate(imagined, EFFECTS[0], seed, tmp_path) for seed in range(4)]
    assert {outcome.verdict for outcome in clean} <= {"passed", "inconclusive"}
    strong = [simulate(imagined, EFFECTS[-1], seed, tmp_path) for seed in range(4)]
    assert {outcome.verdict for outcome in strong} == {"failed"}
    assert all(outcome.detected for outcome in strong)
    assert simulate(imagined, EFFECTS[0], 0, tmp_path) == clean[0]


def test_the_table_counts_and_broken_promises_are_named() -> None:
    none, at_bound = EFFECTS[0].name, EFFECTS[1].name

    def outcomes(name: str, failed: int, n: int = 100) -> list[Outcome]:
        return [
            Outcome(name, seed, "failed" if seed < failed else "passed", False, False, 5, 5)
            for seed in range(n)
        ]

    text = table([*outcomes(none, 2), *outcomes(at_bound, 96)])
    assert f"| {none} | 100 | 2.0 % (false; 0.2 to 7.0) | 98.0 % | 0.0 % | 0.0 % | 100.0 % |" in text
    assert f"| {at_bound} | 100 | 96.0 % (false; 90.1 to 98.9) | 4.0 % (false; 1.1 to 9.9) |" in text
    assert broken([*outcomes(none, 2), *outcomes(at_bound, 0)]) == [
        f"{at_bound}: 100 of 100 passed, more than 5% allows"
    ]
    assert broken(outcomes(none, 12)) == [f"{none}: 12 of 100 failed, more than 5% allows"]
    assert broken(outcomes(none, 11)) == []
