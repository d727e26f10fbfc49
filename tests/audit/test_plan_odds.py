"""Stated chances against whole audits through the code that decides gates, and against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from memaudit.audit.plan_limits import limit_scatter
from memaudit.audit.plan_needed import MOST, least, pairs_needed
from memaudit.audit.plan_odds import GapOdds
from memaudit.audit.plan_scores import supposed_scores
from memaudit.kit.recipe import load_recipe
from memaudit.kit.recipe_fields import DesignPart
from memaudit.kit.text import text_source
from memaudit.stats.mean_gap import mean_gap_limit
from memaudit.stats.power import smallest_detectable_gap
from tests.audit.paper_audits import outcomes

SCORES = supposed_scores(text_source(load_recipe("routine")), 4.0, "tempo").values
BOUND = 0.1


def design(pairs: int, reserve: int, *levels: int) -> DesignPart:
    return DesignPart(pairs_per_cell=pairs, reserve_per_speed=reserve, repetitions=levels)


def odds(found: DesignPart) -> GapOdds:
    return GapOdds(found.pairs_per_cell, found.pairs + found.reserve, SCORES)


def within(count: int, audits: int, stated: float) -> bool:
    """Whether that many audits are no surprise (1 in 1,000 at either side) if the chance is as stated."""
    return bool(stats.binom.ppf(0.001, audits, stated) <= count <= stats.binom.ppf(0.999, audits, stated))


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "reserve", "gap"), [(20, 20, 0.3), (30, 20, 0.25), (12, 30, 0.5)])
def test_a_leak_fails_as_often_as_stated(pairs: int, reserve: int, gap: float) -> None:
    audits, found = 250, design(pairs, reserve, 1)
    rng = np.random.default_rng(pairs)
    memorised = gap / odds(found).room
    failed = sum(outcomes(found, SCORES, rng, memorised=memorised)[0] == "failed" for _ in range(audits))
    stated = odds(found).shown(gap, BOUND, 0.95)
    assert 0.2 < stated < 0.95
    assert within(failed, audits, stated)


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "levels"), [(36, (1, 4, 16)), (32, (1,))])
def test_a_clean_model_passes_as_often_as_stated(pairs: int, levels: tuple[int, ...]) -> None:
    audits, found = 200, design(pairs, 30, *levels)
    rng = np.random.default_rng(3)
    passed = sum(set(outcomes(found, SCORES, rng)) == {"passed"} for _ in range(audits))
    stated = odds(found).passed(BOUND, 0.95, len(levels))
    assert 0.5 < stated < 0.97
    assert within(passed, audits, stated)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "promised"), [("routine", 0.80), ("powered", 0.95)])
def test_packaged_recipes_let_a_clean_model_pass(name: str, promised: float) -> None:
    recipe = load_recipe(name)
    found, audits = recipe.design, 30
    assert max(recipe.speed.factors) == 4.0
    stated = odds(found).passed(BOUND, 0.95, len(found.repetitions))
    assert stated >= promised
    rng = np.random.default_rng(5)
    passed = sum(set(outcomes(found, SCORES, rng)) == {"passed"} for _ in range(audits))
    assert within(passed, audits, stated)
    fewer = found.model_copy(update={"pairs_per_cell": found.pairs_per_cell - 2})
    assert odds(fewer).passed(BOUND, 0.95, len(found.repetitions)) < promised


def test_a_limit_scatters_as_drawn_ones_do() -> None:
    rng = np.random.default_rng(1)
    reference = np.quantile(SCORES, (np.arange(60) + 0.5) / 60)
    drawn = [mean_gap_limit(rng.choice(SCORES, 20), reference, 0.95, "upper") for _ in range(600)]
    found = limit_scatter(20, 0, 60, SCORES, 0.95, "upper", 48)
    assert found.mean == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(600))
    assert found.own == pytest.approx(np.std(drawn), rel=0.12)
    assert found.shared == pytest.approx(SCORES.std() / np.sqrt(60))
    assert found.total == pytest.approx(np.hypot(found.own, found.shared))


@pytest.mark.parametrize("bound", [0.0, 0.1])
def test_naive_power_where_unread_canaries_score_nothing(bound: float) -> None:
    """The number memorised then decides, so every outcome can be asked of the interval itself."""
    zeros, n1, gap = np.zeros(1), 12, 0.5
    naive = sum(
        stats.binom.pmf(k, n1, gap)
        for k in range(n1 + 1)
        if mean_gap_limit(np.repeat([1.0, 0.0], [k, n1 - k]), np.zeros(30), 0.975, "lower") > bound
    )
    assert GapOdds(n1, 30, zeros).shown(gap, bound, 0.975) == pytest.approx(naive, abs=0.01)


def test_a_model_that_writes_nothing_passes_where_its_limit_is_low_enough() -> None:
    # With 0 of n the upper limit is 1 - 0.05 ** (1 / n): 0.0981 for 29, 0.1016 for 28.
    assert GapOdds(29, 100, np.zeros(1)).passed(BOUND, 0.95, 5) == pytest.approx(1.0)
    assert GapOdds(28, 100, np.zeros(1)).passed(BOUND, 0.95, 5) == pytest.approx(0.0)


def test_the_smallest_gap_is_shown_with_its_chance_and_agrees_with_results() -> None:
    found = GapOdds(20, 120, SCORES)
    for power in (0.5, 0.8):
        gap = found.smallest(power, BOUND, 0.99)
        assert gap is not None
        assert found.shown(gap, BOUND, 0.99) == pytest.approx(power, abs=0.02)
    reference = np.quantile(SCORES, (np.arange(120) + 0.5) / 120)
    assert found.smallest(0.8, 0.0, 0.975) == pytest.approx(smallest_detectable_gap(20, reference), abs=0.03)
    assert GapOdds(1, 30, SCORES).smallest(0.8, BOUND, 0.99) is None
    assert GapOdds(20, 30, np.zeros(1)).smallest(0.8, -1.0, 0.99) == 0.0


def test_monotone() -> None:
    found = GapOdds(24, 80, SCORES)
    powers = [found.shown(gap, BOUND, 0.99) for gap in (0.1, 0.2, 0.3, 0.5, 0.8)]
    assert powers == sorted(powers)
    assert powers[0] < 0.02
    chances = [GapOdds(n, 4 * n, SCORES).passed(BOUND, 0.95, 5) for n in (24, 32, 40, 60)]
    assert chances == sorted(chances)
    assert found.passed(BOUND, 0.95, 5) < found.passed(BOUND, 0.95, 1)


@pytest.mark.slow
def test_the_pairs_that_are_named_are_the_fewest() -> None:
    found = design(10, 40, 1, 4)
    wanted = pairs_needed(found, SCORES, 0.4, 0.8, BOUND, (0.975, 0.95))
    assert wanted.fail is not None
    assert wanted.clean is not None
    assert wanted.both == max(wanted.fail, wanted.clean)
    for pairs, enough in ((wanted.fail, True), (wanted.fail - 1, False)):
        assert (odds(design(pairs, 40, 1, 4)).shown(0.4, BOUND, 0.975) >= 0.8) is enough
    for pairs, enough in ((wanted.clean, True), (wanted.clean - 1, False)):
        assert (odds(design(pairs, 40, 1, 4)).passed(BOUND, 0.95, 2) >= 0.8) is enough


@pytest.mark.parametrize("answer", [1, 2, 31, 32, 33, 100, 126, MOST - 1, MOST, MOST + 1])
def test_the_search_finds_the_step(answer: int) -> None:
    def steep(number: int) -> float:
        return 0.9 if number >= answer else 0.1

    def smooth(number: int) -> float:
        return float(stats.norm.cdf(np.sqrt(number) - np.sqrt(answer) + 0.5))

    expected = answer if answer <= MOST else None
    assert least(steep, 0.8) == expected
    assert least(smooth, float(stats.norm.cdf(0.5 - 1e-9))) == expected
