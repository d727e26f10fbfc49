"""Chances of gates: the simulation against the code that decides gates, the computation against both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from memaudit.audit.gate_syntax import Gate, expand, parse_gate
from memaudit.audit.gates import evaluate
from memaudit.audit.metrics import METRICS
from memaudit.audit.plan import make_plan
from memaudit.audit.plan_audits import PaperAudits
from memaudit.audit.plan_chances import DRAWS, SEED, Chance, alike, computed, simulated
from memaudit.audit.plan_odds import GapOdds
from memaudit.errors import GateError, UsageError
from memaudit.kit.draft import draft_kit
from memaudit.kit.recipe import Recipe
from memaudit.stats.binomial import binomial_interval
from memaudit.stats.rank_weights import coarse_limits
from tests.kit.recipes import tiny

SCORES = np.clip(np.random.default_rng(1).normal(0.14, 0.09, 500), 0.0, 0.9)


def paper(recipe: Recipe) -> PaperAudits:
    drafts = [draft for draft in draft_kit(recipe, 0) if draft.lot.arm != "control"]
    return PaperAudits({4.0: drafts}, {4.0: SCORES})


def family(recipe: Recipe, *texts: str) -> list[Gate]:
    levels = {4.0: sorted(recipe.design.repetitions)}
    return [gate for text in texts for gate in expand(parse_gate(text, METRICS), levels)]


@pytest.mark.parametrize("assignment", ["pairs", "coins"])
def test_every_metric_has_the_outcomes_that_gates_have(assignment: str) -> None:
    """One gate a metric and direction, at a bound near which something happens; counted by hand."""
    recipe = tiny(design={"assignment": assignment, "pairs_per_cell": 16})
    audits, bounds = 5, {"exposure": 2.0, "auc": 0.5, "epsilon": 0.1}
    texts = [f"{name} {sign} {bounds.get(name, 0.25)}" for name in METRICS for sign in ("<=", ">")]
    gates, on_paper = family(recipe, *texts), paper(recipe)
    found = simulated(gates, on_paper, {4.0: 0.8}, 0.7, audits)
    for name in METRICS:
        assert max(item.fails.value for item in found.gates if item.gate.startswith(name)) > 0.0
    assert [item.gate for item in found.gates] == [str(gate) for gate in gates]
    for kind, share, wanted in ((1, 0.8, "failed"), (0, 0.0, "passed")):
        with coarse_limits(DRAWS):
            statuses = [
                evaluate(texts, on_paper.draw(np.random.default_rng([SEED, number, kind]), {4.0: share}))
                for number in range(audits)
            ]
        naive = np.array([[gate.status == wanted for gate in audit] for audit in statuses])
        assert 0 < naive.sum() < naive.size
        told = [item.fails if kind else item.passes for item in found.gates]
        assert [chance.value for chance in told] == pytest.approx(naive.mean(axis=0).tolist())
        together = found.any_fails if kind else found.all_pass
        assert together.value == pytest.approx((naive.any(axis=1) if kind else naive.all(axis=1)).mean())


def test_the_error_of_the_simulation_is_told_and_more_audits_begin_alike() -> None:
    recipe = tiny()
    gates = family(recipe, "exact_gap <= 0.1")
    few, more = (simulated(gates, paper(recipe), {4.0: 0.7}, 0.6, audits) for audits in (10, 30))
    for chances, audits in ((few, 10), (more, 30)):
        assert chances.audits == audits
        for chance in (chances.any_fails, chances.all_pass, chances.gates[0].fails):
            limits = binomial_interval(round(chance.value * audits), audits)
            assert (chance.low, chance.high) == (limits.low, limits.high)
    assert few.any_fails.value * 10 <= more.any_fails.value * 30


def test_coarse_limits_are_nearly_those_of_an_audit() -> None:
    sheet = paper(tiny(design={"pairs_per_cell": 20})).draw(np.random.default_rng(3), {4.0: 0.4})[4.0]
    for name in ("exposure", "auc"):
        arms = sheet.cell(4), ~sheet.inserted
        fine = METRICS[name].measure(sheet, *arms, 0.98)
        with coarse_limits(DRAWS):
            coarse = METRICS[name].measure(sheet, *arms, 0.98)
        assert fine is not None
        assert coarse is not None
        assert fine != coarse
        assert (coarse.low, coarse.high) == pytest.approx((fine.low, fine.high), abs=0.03 * fine.width)
        assert METRICS[name].measure(sheet, *arms, 0.98) == fine


def test_an_imagined_audit_has_the_design_of_the_kit() -> None:
    recipe = tiny(design={"pairs_per_cell": 40, "reserve_per_speed": 60})
    sheet = paper(recipe).draw(np.random.default_rng(2), {4.0: 0.5})[4.0]
    drafts = {draft.id: draft for draft in draft_kit(recipe, 0)}
    assert [row.id for row in sheet.rows] == sorted(row.id for row in sheet.rows)
    assert all(drafts[row.id].lot.repetitions == row.repetitions for row in sheet.rows)
    assert len(sheet.pairs(4)) == len(sheet.pairs(1)) == 40
    assert np.unique(sheet.membership).size == len(sheet.rows)
    order = np.argsort(sheet.membership)
    assert (np.diff(sheet.accuracy[order]) >= 0).all()
    read = sheet.accuracy == 1.0
    assert (sheet.exact == read).all()
    assert not read[~sheet.inserted].any()
    assert stats.binom.ppf(0.001, 80, 0.5) <= read.sum() <= stats.binom.ppf(0.999, 80, 0.5)
    assert sheet.accuracy[~sheet.inserted].mean() == pytest.approx(SCORES.mean(), abs=0.03)


@pytest.mark.slow
def test_computed_chances_are_the_simulated_ones() -> None:
    recipe = tiny(design={"pairs_per_cell": 24, "reserve_per_speed": 30, "repetitions": [1, 2, 4]})
    gates, gap, audits = family(recipe, "accuracy_gap <= 0.12"), 0.35, 120
    assert alike(gates)
    stated = computed(gates, GapOdds(24, 3 * 24 + 30, SCORES), gap)
    found = simulated(gates, paper(recipe), {4.0: gap / (1.0 - SCORES.mean())}, gap, audits)
    pairs = [(stated.any_fails, found.any_fails), (stated.all_pass, found.all_pass)]
    pairs += [(one.fails, other.fails) for one, other in zip(stated.gates, found.gates, strict=True)]
    pairs += [(one.passes, other.passes) for one, other in zip(stated.gates, found.gates, strict=True)]
    for chance, drawn in pairs:
        assert 0.2 < chance.value < 0.99
        hits = round(drawn.value * audits)
        # No surprise (1 in 1,000 at either side) if the chance is as stated.
        law = stats.binom(audits, chance.value)
        assert law.ppf(0.001) <= hits <= law.ppf(0.999)


def test_one_cell_is_its_own_family_and_more_show_more() -> None:
    odds = GapOdds(24, 100, SCORES)
    alone = odds.shown(0.3, 0.1, 0.98)
    assert odds.shown_in_any(0.3, 0.1, 0.98, 1) == pytest.approx(alone, abs=1e-3)
    chances = [odds.shown_in_any(0.3, 0.1, 0.98, cells) for cells in (1, 2, 5, 20)]
    assert chances == sorted(chances)
    assert alone < chances[1] < 1.0 - (1.0 - alone) ** 2 + 1e-3
    zeros = GapOdds(12, 30, np.zeros(1))
    shown = zeros.shown(0.5, 0.1, 0.975)
    assert zeros.shown_in_any(0.5, 0.1, 0.975, 3) == pytest.approx(1.0 - (1.0 - shown) ** 3, abs=1e-3)


def test_only_one_bound_on_the_accuracy_gap_of_one_speed_is_computed() -> None:
    def kind(*texts: str) -> bool:
        levels = {1.0: [1, 4], 4.0: [1, 4]}
        return alike([gate for text in texts for gate in expand(parse_gate(text, METRICS), levels)])

    assert kind("accuracy_gap <= 0.1")
    assert kind("accuracy_gap@4/1x < 0.1")
    assert not kind("accuracy_gap > 0.1")
    assert not kind("accuracy_gap <= 0.1", "accuracy_gap/1x <= 0.1")
    assert not kind("accuracy_gap@1 <= 0.1", "accuracy_gap@4 <= 0.2")
    assert not kind("exact_gap <= 0.1")


def test_a_plan_takes_gates() -> None:
    recipe = tiny(speed={"factors": [1.0, 4.0]})
    given = make_plan(recipe, sample=0, gates=["epsilon@4 <= 1", "accuracy_gap@1 <= 0.3"], audits=10)
    assert given.policy == "given"
    assert given.gates == ("epsilon@4/4x <= 1", "accuracy_gap@1/4x <= 0.3")
    assert given.chances.basis == "simulated"
    assert (
        given.chances.gates[0].passes
        == given.chances.all_pass
        == Chance(0.0, 0.0, given.chances.all_pass.high)
    )
    assert [(cell.gated, cell.fails is None) for cell in given.cells] == [
        (True, True), (True, False), (False, True), (False, True),
    ]  # fmt: skip
    default = make_plan(recipe, sample=0)
    assert default.policy == "default"
    assert default.chances.basis == "computed"
    assert default.clean_passes == default.chances.all_pass.value
    assert default.chances.gates[0].fails.value == default.cells[0].fails
    slow = make_plan(recipe, sample=0, gates=["accuracy_gap/1x <= 0.1"], gap=0.3)
    assert [cell.gated for cell in slow.cells] == [False, False, True, True]
    wanted = make_plan(recipe, sample=0, gates=["accuracy_gap@4 <= 0.2"], gap=0.7, target_power=0.8).needed
    whole = make_plan(recipe, sample=0, gates=["accuracy_gap <= 0.2"], gap=0.7, target_power=0.8).needed
    assert wanted is not None
    assert whole is not None
    assert wanted.clean is not None
    assert whole.clean is not None
    # A family of one needs to pass once only.
    assert wanted.clean < whole.clean


def test_refusals() -> None:
    with pytest.raises(GateError, match="no metric for gates"):
        make_plan(tiny(), sample=0, gates=["safety <= 1"])
    with pytest.raises(GateError, match="no canary at 3 repetitions"):
        make_plan(tiny(), sample=0, gates=["epsilon@3 <= 1"])
    with pytest.raises(UsageError, match="--target-power: pairs are searched for one upper bound"):
        make_plan(tiny(), sample=0, gates=["exposure <= 3"], target_power=0.8)
    with pytest.raises(UsageError, match=r"at speed 1, where unread canaries score 0\.64"):
        make_plan(tiny(speed={"factors": [1.0, 4.0]}), sample=0, gates=["exposure/1x <= 3"], gap=0.5)
