"""A plan against kits that were really made, and against published and hand-made figures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from memaudit.audit.gates import DEFAULT_POLICY
from memaudit.audit.plan import make_plan
from memaudit.audit.plan_cells import plan_cells
from memaudit.audit.plan_odds import GapOdds
from memaudit.errors import RecipeError, SpeechError, UsageError
from memaudit.kit.draft import draft_kit
from memaudit.kit.feasibility import measure, recipe_tokenizer
from memaudit.kit.feasibility_pipeline import Measured, Pipeline
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe, parse_recipe
from memaudit.stats.randomisation import randomisation_test
from tests.audit.paper_audits import outcomes
from tests.kit.recipes import document, tiny


@pytest.mark.slow
def test_a_plan_foresees_the_kit(tmp_path: Path) -> None:
    recipe = tiny(speed={"factors": [1.0, 4.0]}, design={"reserve_per_speed": 20, "pairs_per_cell": 8})
    plan = make_plan(recipe, training_hours=2.0)
    kit = make_kit(recipe, tmp_path / "kit", seed=3)
    counts = kit.info.counts
    assert (plan.inserted, plan.copies, plan.held_out, plan.controls) == (
        counts.inserted, counts.copies, counts.held_out, counts.controls,
    )  # fmt: skip
    assert plan.entropy == kit.info.entropy
    for name in ("inserted", "copies", "held_out"):
        assert getattr(plan.audio, name) == pytest.approx(getattr(kit.info.seconds, name), rel=0.1)
    share = kit.info.seconds.copies / (kit.info.seconds.copies + 7200)
    assert plan.audio.share == pytest.approx(share, rel=0.1)
    assert "64 of its texts" in plan.audio.basis
    pipeline = Pipeline(recipe.feasibility)
    measured: dict[float, list[Measured]] = {}
    for speed, utterance in measure(kit.canaries, recipe_tokenizer(recipe)):
        measured.setdefault(speed, []).append(utterance)
    assert [row.speed for row in plan.speeds] == [4.0, 1.0]
    for row in plan.speeds:
        found = measured[row.speed]
        assert row.infeasible == pytest.approx(np.mean([not pipeline.fits(one) for one in found]), abs=0.1)
        assert row.seconds == pytest.approx(np.median([one.seconds for one in found]), rel=0.08)
        assert row.frames_needed == pytest.approx(np.median([one.frames_needed for one in found]), abs=2)
        assert row.dropped == 0.0
        assert row.passing == row.speed


def test_without_speaking_a_measured_rate_stands_in() -> None:
    spoken, supposed = make_plan(tiny()), make_plan(tiny(), sample=0)
    assert supposed.audio.copies == pytest.approx(spoken.audio.copies, rel=0.15)
    assert "as measured with espeak-ng" in supposed.audio.basis
    faster = make_plan(tiny(speech={"rate": 350}), sample=0)
    assert faster.audio.copies == pytest.approx(supposed.audio.copies / 2)
    kept = make_plan(tiny(speed={"method": "pitch"}), sample=0)
    assert kept.audio.copies == pytest.approx(supposed.audio.copies * 4)


@pytest.mark.parametrize(("pairs", "epsilon"), [(20, 1.82), (100, 3.49), (200, 4.19)])
def test_the_highest_epsilon_is_the_published_one(pairs: int, epsilon: float) -> None:
    drafts = [draft for draft in draft_kit(tiny(), 0) if draft.lot.arm != "control"]
    cells = plan_cells(drafts, GapOdds(4, 14, np.zeros(1)), pairs, 0.5, {})
    assert [cell.repetitions for cell in cells] == [4, 1]
    for cell in cells:
        assert cell.epsilon_group == pytest.approx(epsilon, abs=0.005)
        assert cell.epsilon_single == pytest.approx(epsilon / cell.repetitions, abs=0.005)
    plan = make_plan(tiny(design={"pairs_per_cell": 8}), sample=0)
    assert plan.cells[0].epsilon_group == pytest.approx(-np.log(0.05 ** (-1 / 8) - 1))


def test_cells_are_those_of_the_design_and_gates_those_of_the_policy() -> None:
    recipe = tiny(speed={"factors": [1.0, 4.0]})
    plan = make_plan(recipe, sample=0)
    assert [(cell.speed, cell.repetitions) for cell in plan.cells] == [(4, 4), (4, 1), (1, 4), (1, 1)]
    assert {cell.inserted for cell in plan.cells} == {4}
    assert {cell.held_out for cell in plan.cells} == {8 + 6}
    assert [cell.gated for cell in plan.cells] == [True, True, False, False]
    assert [cell.fails is None for cell in plan.cells] == [False, False, True, True]
    assert {cell.exposure_ceiling for cell in plan.cells} == {math.log2(14)}
    assert plan.gates == tuple(f"{DEFAULT_POLICY[0].replace('gap', f'gap@{level}/4x')}" for level in (4, 1))
    found = outcomes(recipe.design, np.zeros(1), np.random.default_rng(1))
    assert len(found) == len(plan.gates)


def test_the_smallest_p_is_what_the_test_gives_for_perfect_separation() -> None:
    recipe = tiny(
        text={"words": [4, 4]}, speech={"voices": ["en-us+f2"]},
        design={"repetitions": [2], "pairs_per_cell": 2, "reserve_per_speed": 3},
    )  # fmt: skip
    (cell,) = make_plan(recipe, sample=0).cells
    # One stratum of 2 inserted among 7: the best of C(7, 2) labellings.
    assert cell.p_smallest == pytest.approx(1 / math.comb(7, 2))
    values = np.array([1.0, 1.1, 0.1, 0.2, 0.3, 0.4, 0.5])
    test = randomisation_test(values, values >= 1, np.zeros(7, dtype=np.int64), seed=1)
    assert cell.p_smallest == test.p_smallest


def test_coins_have_the_expected_numbers_and_twice_the_guesses() -> None:
    plan = make_plan(tiny(design={"assignment": "coins", "pairs_per_cell": 12}), sample=0)
    assert {cell.inserted for cell in plan.cells} == {12}
    for cell in plan.cells:
        assert cell.epsilon_group == pytest.approx(-np.log(0.05 ** (-1 / 24) - 1))


def test_profiles_and_toolkits() -> None:
    plan = make_plan(load_recipe("smoke", ["feasibility.profile=icefall"]), sample=0)
    (row,) = plan.speeds
    assert row.dropped == row.toolkits["icefall"] == 1.0
    assert row.toolkits["nemo"] == row.toolkits["espnet"] == 0.0
    assert row.passing is not None
    slower = make_plan(
        load_recipe("smoke", ["feasibility.profile=icefall", f"speed.factors=[{row.passing}]"]), sample=0
    )
    assert slower.speeds[0].dropped == 0.0


def test_the_document_is_json_and_whole() -> None:
    plan = make_plan(tiny(), target_power=0.5, gap=0.6, training_hours=10, sample=0)
    found = json.loads(json.dumps(plan.document(), allow_nan=False))
    assert found["schema"] == "memaudit/plan/1"
    assert found["counts"] == {"inserted": 8, "copies": 20, "held_out": 14, "controls": 3}
    assert found["needed"]["both"] == max(found["needed"]["fail"], found["needed"]["clean"])
    assert len(found["cells"]) == 2
    assert found["speeds"][0]["toolkits"].keys() == {
        "nemo", "icefall", "espnet", "wenet", "speechbrain", "huggingface",
    }  # fmt: skip
    assert parse_recipe(found["recipe"], where="plan").document() == found["recipe"]


def test_the_same_plan_twice() -> None:
    assert make_plan(tiny(), sample=0).document() == make_plan(tiny(), sample=0).document()


@pytest.mark.parametrize(("gap", "what"), [(0.0, "above 0"), (0.95, "at most 0.8")])
def test_gaps_that_no_leak_can_have(gap: float, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        make_plan(tiny(), gap=gap, sample=0)


def test_no_pairs_fail_a_leak_that_meets_the_gate() -> None:
    assert make_plan(tiny(), gap=0.1, sample=0).cells[0].fails == pytest.approx(0.0, abs=0.05)
    with pytest.raises(UsageError, match=r"--gap 0\.1: such a leak meets the gate's bound 0\.1"):
        make_plan(tiny(), gap=0.1, target_power=0.8, sample=0)


def test_recipes_that_cannot_be_carried_out() -> None:
    with pytest.raises(SpeechError, match="near names"):
        make_plan(tiny(speech={"voices": ["en-us+f22"]}))
    with pytest.raises(RecipeError, match="too many"):
        make_plan(parse_recipe(document(text={"style": "digits", "words": [1, 1]}), where="x.toml"), sample=0)
