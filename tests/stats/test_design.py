"""Every draw that a design can make, one by one: the tests hold their level under the design itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import pytest

from memaudit.kit.assignment import Stratum, coin_levels, deal
from memaudit.kit.canary import Canary, audio_name
from memaudit.kit.recipe_fields import DesignPart
from memaudit.stats.checks import StatisticError
from memaudit.stats.coins import coin_flip_test
from memaudit.stats.guesses import sure_coin_guesses, sure_pair_guesses
from memaudit.stats.randomisation import pair_flip_test, randomisation_test
from memaudit.stats.trend import trend_test


@dataclass(frozen=True)
class Draw:
    """Levels i8[n] that each canary's coin decides about (0: no coin), arms bool[n], pairs, strata i8[n]."""

    level: np.ndarray
    inserted: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    strata: np.ndarray


def pairs_design(sizes: list[tuple[int, int]], levels: list[int]) -> Iterator[Draw]:
    """Strata of (pairs, reserve): any order of their canaries, a coin a pair, levels dealt over all pairs."""
    strata = np.repeat(np.arange(len(sizes)), [2 * pairs + reserve for pairs, reserve in sizes])
    orders = product(*(list(permutations(np.flatnonzero(strata == s))) for s in range(len(sizes))))
    dealings = sorted(set(permutations(levels)))
    for order, dealt, sides in product(orders, dealings, product([0, 1], repeat=len(levels))):
        level, inserted, found = np.zeros(strata.size, int), np.zeros(strata.size, bool), []
        number = 0
        for members, (pairs, _) in zip(order, sizes, strict=True):
            for pair in range(pairs):
                twins = members[2 * pair], members[2 * pair + 1]
                level[list(twins)] = dealt[number]
                found.append((int(twins[sides[number]]), int(twins[1 - sides[number]])))
                inserted[twins[sides[number]]] = True
                number += 1
        yield Draw(level, inserted, tuple(found), strata)


def coins_design(sizes: list[tuple[int, int]], levels: list[int]) -> Iterator[Draw]:
    """Strata of (coins, reserve): any order of their canaries, each with its own coin and dealt level."""
    strata = np.repeat(np.arange(len(sizes)), [coins + reserve for coins, reserve in sizes])
    orders = product(*(list(permutations(np.flatnonzero(strata == s))) for s in range(len(sizes))))
    dealings = sorted(set(permutations(levels)))
    for order, dealt, sides in product(orders, dealings, product([False, True], repeat=len(levels))):
        level, inserted = np.zeros(strata.size, int), np.zeros(strata.size, bool)
        chosen = [int(i) for members, (coins, _) in zip(order, sizes, strict=True) for i in members[:coins]]
        level[chosen], inserted[chosen] = dealt, sides
        yield Draw(level, inserted, (), strata)


def cell_test(values: np.ndarray, draw: Draw) -> float:
    """One level's inserted canaries against all held-out ones, as an audit tests a cell."""
    rows = (draw.inserted & (draw.level == 4)) | ~draw.inserted
    return _or_one(
        lambda: randomisation_test(values[rows], draw.inserted[rows], draw.strata[rows], seed=1).p_value
    )


def all_levels(values: np.ndarray, draw: Draw) -> float:
    return _or_one(lambda: randomisation_test(values, draw.inserted, draw.strata, seed=1).p_value)


def trend(values: np.ndarray, draw: Draw) -> float:
    return _or_one(lambda: trend_test(values, draw.level * draw.inserted, draw.strata, seed=1).p_value)


def twins(values: np.ndarray, draw: Draw) -> float:
    first, second = np.array(draw.pairs).T
    return pair_flip_test(values[first] - values[second], seed=1).p_value


def coins(values: np.ndarray, draw: Draw) -> float:
    return coin_flip_test(
        values, draw.inserted & (draw.level == 4), draw.level == 4, draw.strata, seed=1
    ).p_value


def _or_one(test: Callable[[], float]) -> float:
    """Where the coins left one arm empty nothing can be shown."""
    try:
        return test()
    except StatisticError:
        return 1.0


VALUES = {
    "distinct": np.array([0.33, 1.0, 0.1, 0.8, 0.45, 0.62, 0.05]),
    "tied": np.array([0, 1, 0, 1, 1, 0, 0.0]),
}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize(
    ("sizes", "levels"), [([(2, 1)], [1, 4]), ([(1, 1), (1, 2)], [4, 4]), ([(1, 0), (1, 1)], [1, 4])]
)
@pytest.mark.parametrize("test", [cell_test, all_levels, trend, twins])
def test_pairs_with_reserve(
    values: str, sizes: list[tuple[int, int]], levels: list[int], test: Callable[[np.ndarray, Draw], float]
) -> None:
    draws = list(pairs_design(sizes, levels))
    numbers = VALUES[values][: draws[0].level.size]
    p = np.array([test(numbers, draw) for draw in draws])
    for attained in np.unique(p):
        assert (p <= attained + 1e-12).mean() <= attained + 1e-12
    if values == "distinct" and sizes == [(2, 1)]:
        # No ties and one stratum: as often as promised, exactly.
        assert all((p <= attained + 1e-12).mean() == pytest.approx(attained) for attained in np.unique(p))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize(("sizes", "levels"), [([(3, 1)], [1, 4, 4]), ([(2, 0), (1, 2)], [4, 4, 1])])
@pytest.mark.parametrize("test", [cell_test, all_levels, trend, coins])
def test_coins_with_reserve(
    values: str, sizes: list[tuple[int, int]], levels: list[int], test: Callable[[np.ndarray, Draw], float]
) -> None:
    """How many go in is binomial; the tests that condition on it hold all the same."""
    draws = list(coins_design(sizes, levels))
    numbers = VALUES[values][: draws[0].level.size]
    p = np.array([test(numbers, draw) for draw in draws])
    for attained in np.unique(p):
        assert (p <= attained + 1e-12).mean() <= attained + 1e-12
    if test is coins and values == "distinct" and sizes == [(3, 1)]:
        assert (p <= 0.25).mean() == pytest.approx(0.25)


def test_coin_flips_from_the_formula() -> None:
    rng = np.random.default_rng(5)
    values, strata = rng.integers(0, 4, 11).astype(float), np.arange(11) % 2
    coin = np.arange(11) < 8
    inserted = coin & (rng.random(11) < 0.5)
    centred = values - np.array([values[strata == s].mean() for s in strata])
    sums = [np.dot(signs, centred[coin]) for signs in product([-1, 1], repeat=8)]
    observed = centred[inserted].sum() - centred[coin & ~inserted].sum()
    found = coin_flip_test(values, inserted, coin, strata, seed=1)
    assert found.exact
    assert found.relabellings == 256
    assert found.statistic == pytest.approx(observed / 4)
    assert found.p_value == pytest.approx(np.mean(np.array(sums) >= observed - 1e-9))


def test_coin_flips_can_be_done_where_all_coins_fell_alike() -> None:
    values = np.array([0.9, 0.8, 0.95, 0.7, 0.85, 0.1, 0.2, 0.1, 0.0, 0.15])
    coin = np.arange(10) < 5
    found = coin_flip_test(values, coin, coin, np.zeros(10, int), seed=1)
    assert found.p_value == found.p_smallest == 1 / 32
    many = np.random.default_rng(2).normal(size=60)
    drawn = coin_flip_test(many, many > 0, np.ones(60, bool), np.zeros(60, int), seed=1, relabellings=999)
    assert (drawn.exact, drawn.p_value) == (False, 1 / 1000)


def kit(assignment: str, seed: int, groups: list[Stratum]) -> list[Canary]:
    """The canaries of a kit as the program deals them, without sound."""
    design = DesignPart(repetitions=(1, 4), pairs_per_cell=4, reserve_per_speed=6, assignment=assignment)
    lots = deal(groups, design, seed)
    where = [group for group in groups for _ in range(group.size)]
    return [
        Canary(
            id=f"c{number}",
            pair=lot.pair,
            text=" ".join(["word"] * group.words),
            arm=lot.arm,
            repetitions=lot.repetitions,
            speed=group.speed,
            voice=group.voice,
            language="en",
            duration=1.0,
            audio=audio_name(f"c{number}", lot.arm),
            sha256="0" * 64,
        )
        for number, (lot, group) in enumerate(zip(lots, where, strict=True))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["pairs", "coins"])
def test_kits_that_the_program_deals(assignment: str) -> None:
    """False alarms of all tests over 400 kits: the values are the canaries', whatever went in."""
    groups = [Stratum(4.0, "a", 5, 3, 2), Stratum(4.0, "b", 5, 3, 2), Stratum(4.0, "b", 6, 2, 2)]
    strata = np.repeat(np.arange(3), [group.size for group in groups])
    values, alarms, repeats = np.random.default_rng(1).beta(0.3, 1.0, strata.size), np.zeros(3), 400
    right = guessed = 0
    for seed in range(repeats):
        canaries = kit(assignment, seed, groups)
        inserted = np.array([canary.arm == "inserted" for canary in canaries])
        levels = coin_levels(canaries)
        level = np.array([levels.get(canary.id, 0) for canary in canaries])
        draw = Draw(level, inserted, (), strata)
        if assignment == "pairs":
            names = sorted({canary.pair for canary in canaries if canary.pair})
            found = [[i for i, canary in enumerate(canaries) if canary.pair == name] for name in names]
            twin = [(i, j) if inserted[i] else (j, i) for i, j in found]
            flips = pair_flip_test([values[i] - values[j] for i, j in twin], seed=1).p_value
            made = sure_pair_guesses([values[i] for i, _ in twin], [values[j] for _, j in twin])
        else:
            coin = level > 0
            flips = coin_flip_test(values, inserted, coin, strata, seed=1, relabellings=199).p_value
            made = sure_coin_guesses(values[coin], inserted[coin], level[coin])
        alarms += np.array([cell_test(values, draw), trend(values, draw), flips]) <= 0.05
        right += int(made.right.sum())
        guessed += made.right.size
    assert alarms.max() / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert right / guessed == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(guessed))


def test_refusals() -> None:
    both = np.array([True, False])
    for inserted, coin in [(both, ~both), (both & False, both & False), (both, np.array([True]))]:
        with pytest.raises(StatisticError):
            coin_flip_test([1.0, 2.0], inserted, coin, [0, 0], seed=1)
    with pytest.raises(StatisticError):
        coin_flip_test([1.0, np.nan], both, both, [0, 0], seed=1)
