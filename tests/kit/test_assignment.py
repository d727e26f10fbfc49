"""The promises of the design: every relabelling equally likely, coins that know of nothing else."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.errors import KitError
from memaudit.kit.assignment import Lot, Stratum, coin_levels, deal, strata
from memaudit.kit.canary import Canary, audio_name
from memaudit.kit.draft import Draft, draft_kit
from memaudit.kit.recipe_fields import DesignPart
from tests.kit.recipes import tiny, unhurried

designs = st.fixed_dictionaries(
    {
        "repetitions": st.lists(st.integers(1, 20), min_size=1, max_size=4, unique=True),
        "pairs_per_cell": st.integers(1, 6),
        "reserve_per_speed": st.integers(0, 15) | st.none(),
        "assignment": st.sampled_from(["pairs", "coins"]),
        "controls": st.integers(0, 5),
    }
)
shapes = st.fixed_dictionaries(
    {
        "voices": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True),
        "words": st.sampled_from([[4, 4], [4, 5], [5, 7]]),
        "factors": st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=1, unique=True),
    }
)


def recipe_of(design: dict[str, Any], shape: dict[str, Any]) -> Any:
    return tiny(
        text={"words": shape["words"], "control_style": "recipe"},
        speech={"voices": shape["voices"]},
        speed={"factors": shape["factors"]},
        design={name: value for name, value in design.items() if value is not None},
    )


def stratum_of(draft: Draft) -> tuple[float, str, int]:
    return draft.speed, draft.voice, len(draft.text.split())


@settings(unhurried, max_examples=80)
@given(designs, shapes, st.integers(0, 2**128))
def test_a_draft_is_what_the_recipe_says(design: dict[str, Any], shape: dict[str, Any], seed: int) -> None:
    design = design | ({"reserve_per_speed": None} if "reserve_per_speed" not in design else {})
    recipe = recipe_of(design, shape)
    drafts = draft_kit(recipe, seed)
    assert drafts == draft_kit(recipe, seed)
    assert [draft.id for draft in drafts] == sorted({draft.id for draft in drafts})
    assert all(draft.id.isalnum() and draft.id.islower() for draft in drafts)
    assert len({draft.text for draft in drafts}) == len(drafts)
    by_arm = Counter(draft.lot.arm for draft in drafts)
    assert by_arm["control"] == recipe.design.controls
    per_speed = 2 * recipe.design.pairs + recipe.design.reserve
    assert by_arm["inserted"] + by_arm["held_out"] == per_speed * len(recipe.speed.factors)
    for speed in recipe.speed.factors:
        at_speed = [draft for draft in drafts if draft.speed == speed and draft.lot.arm != "control"]
        assert sum(draft.lot.pair is None for draft in at_speed) == recipe.design.reserve
        _check_speed(at_speed, recipe.design)


def _check_speed(at_speed: list[Draft], design: DesignPart) -> None:
    coins = defaultdict(list)
    for draft in at_speed:
        assert (draft.lot.repetitions > 0) == (draft.lot.arm == "inserted")
        if draft.lot.pair is not None:
            coins[draft.lot.pair].append(draft)
    if design.assignment == "pairs":
        assert all(len(twins) == 2 for twins in coins.values())
        assert all(stratum_of(first) == stratum_of(second) for first, second in coins.values())
        assert all({twin.lot.arm for twin in twins} == {"inserted", "held_out"} for twins in coins.values())
        levels = Counter(max(twin.lot.repetitions for twin in twins) for twins in coins.values())
        assert levels == dict.fromkeys(design.repetitions, design.pairs_per_cell)
    else:
        assert all(len(alone) == 1 for alone in coins.values())
        levels = Counter(int(name.removeprefix("c").partition("-")[0]) for name in coins)
        assert levels == dict.fromkeys(design.repetitions, 2 * design.pairs_per_cell)
        for (draft,) in coins.values():
            level = int((draft.lot.pair or "").removeprefix("c").partition("-")[0])
            assert draft.lot.repetitions == (level if draft.lot.arm == "inserted" else 0)


@unhurried
@given(designs, shapes, st.integers(0, 2**64))
def test_strata_are_even_and_reserve_goes_where_pairs_are(
    design: dict[str, Any], shape: dict[str, Any], seed: int
) -> None:
    recipe = recipe_of(design, shape)
    groups = strata(recipe, seed)
    assert len({(group.speed, group.voice, group.words) for group in groups}) == len(groups)
    for speed in recipe.speed.factors:
        here = [group for group in groups if group.speed == speed]
        assert sum(group.pairs for group in here) == recipe.design.pairs
        assert sum(group.reserve for group in here) == recipe.design.reserve
        for counts in ([group.pairs for group in here], [group.reserve for group in here]):
            assert max(counts) - min(counts) <= 1
        assert all(group.pairs > 0 for group in here)


def test_every_relabelling_of_a_stratum_is_equally_likely() -> None:
    """Five canaries, a pair at each of two levels, one in reserve: 5! = 120 ways to give them their lots."""
    design = DesignPart(repetitions=(1, 2), pairs_per_cell=1, reserve_per_speed=1)
    group = Stratum(4.0, "a", 5, pairs=2, reserve=1)

    def outcome(seed: int) -> tuple[str, ...]:
        lots = deal([group], design, seed)
        level = {lot.pair: lot.repetitions for lot in lots if lot.arm == "inserted"}
        return tuple(f"{lot.arm}{level.get(lot.pair, 0)}" for lot in lots)

    seen = Counter(outcome(seed) for seed in range(9_600))
    assert len(seen) == 120
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


def test_coins_are_fair_and_independent_of_each_other_and_of_the_level() -> None:
    design = DesignPart(repetitions=(1, 8), pairs_per_cell=3, reserve_per_speed=0)
    groups = [Stratum(4.0, "a", 5, pairs=3, reserve=0), Stratum(4.0, "b", 5, pairs=3, reserve=0)]
    sides, levels = [], []
    for seed in range(3_000):
        lots = deal(groups, design, seed)
        pairs: dict[str | None, list[tuple[int, Lot]]] = defaultdict(list)
        for number, lot in enumerate(lots):
            pairs[lot.pair].append((number, lot))
        # the pair's earlier twin inserted, and its level, in the order of the pairs' first canaries
        sides.append([twins[0][1].arm == "inserted" for twins in pairs.values()])
        levels.append([max(lot.repetitions for _, lot in twins) for twins in pairs.values()])
    coins, dealt = np.array(sides), np.array(levels)
    for column in range(6):
        assert stats.binomtest(int(coins[:, column].sum()), len(coins)).pvalue > 0.001
        heads_at_8 = coins[dealt[:, column] == 8, column]
        assert stats.binomtest(int(heads_at_8.sum()), heads_at_8.size).pvalue > 0.001
        assert stats.binomtest(int((dealt[:, column] == 8).sum()), len(coins)).pvalue > 0.001
    for first, second in itertools.combinations(range(6), 2):
        agree = int((coins[:, first] == coins[:, second]).sum())
        assert stats.binomtest(agree, len(coins)).pvalue > 0.001


def test_each_coin_of_the_coins_design_is_its_own() -> None:
    design = DesignPart(repetitions=(2,), pairs_per_cell=2, reserve_per_speed=0, assignment="coins")
    group = Stratum(4.0, "a", 5, pairs=2, reserve=0)
    seen = Counter(
        tuple(lot.arm == "inserted" for lot in deal([group], design, seed)) for seed in range(4_000)
    )
    assert len(seen) == 16
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


@pytest.mark.parametrize("what", ["id", "voice", "words", "first letter"])
def test_nothing_that_can_be_seen_tells_the_arm(what: str) -> None:
    recipe = tiny(design={"pairs_per_cell": 10, "reserve_per_speed": 0})
    table: dict[object, Counter[str]] = defaultdict(Counter)
    for seed in range(60):
        for draft in draft_kit(recipe, seed):
            if draft.lot.arm != "control":
                shown = {
                    "id": draft.id[1],
                    "voice": draft.voice,
                    "words": len(draft.text.split()),
                    "first letter": draft.text[0] < "m",
                }[what]
                table[shown][draft.lot.arm] += 1
    counts = [[row["inserted"], row["held_out"]] for row in table.values()]
    assert stats.chi2_contingency(counts).pvalue > 0.001


def canary(number: int, lot: Lot) -> Canary:
    return Canary(
        id=f"c{number:04d}",
        pair=lot.pair,
        text=f"text {number}",
        arm=lot.arm,
        repetitions=lot.repetitions,
        speed=1.0,
        voice="en",
        language="en",
        duration=1.0,
        audio=audio_name(f"c{number:04d}", lot.arm),
        sha256="0" * 64,
    )


@pytest.mark.parametrize("assignment", ["pairs", "coins"])
def test_coin_levels_know_the_level_of_both_sides(assignment: Any) -> None:
    design = DesignPart(repetitions=(1, 4, 16), pairs_per_cell=3, reserve_per_speed=5, assignment=assignment)
    lots = [*deal([Stratum(4.0, "a", 5, pairs=9, reserve=5)], design, 3), Lot("control", 0, None)]
    canaries = [canary(number, lot) for number, lot in enumerate(lots)]
    levels = coin_levels(canaries)
    assert Counter(levels.values()) == {1: 6, 4: 6, 16: 6}
    assert all(levels[one.id] == one.repetitions for one in canaries if one.arm == "inserted")
    assert all(one.id not in levels for one in canaries if one.pair is None)


def test_a_pair_without_its_inserted_twin_is_refused() -> None:
    with pytest.raises(KitError, match="no inserted twin"):
        coin_levels([canary(1, Lot("held_out", 0, "pabc"))])
