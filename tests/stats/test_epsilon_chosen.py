from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from memaudit.stats.checks import StatisticError
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_chosen import chosen_epsilon, chosen_epsilon_with_delta, prefix_lengths
from memaudit.stats.epsilon_joint import joint_epsilon
from memaudit.stats.gaussian_dp import gaussian_epsilon
from memaudit.stats.guesses import Guesses, sure_coin_guesses, sure_pair_guesses
from tests.stats import mechanisms

# Three standard errors of a rate of 5 % over so many audits.
AUDITS = 2000
ALLOWED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / AUDITS)


def guesses(right: list[int], copies: list[int] | None = None) -> Guesses:
    times = np.ones(len(right), dtype=np.int64) if copies is None else np.array(copies)
    return Guesses(np.array(right, dtype=bool), times, "replace-one")


def chance(outcome: np.ndarray, copies: np.ndarray, epsilon: float) -> np.ndarray:
    """Probability of each row of right and wrong guesses under independent Bernoulli(q_j)."""
    q = expit(copies * epsilon)
    return np.prod(np.where(outcome, q, 1 - q), axis=-1)


def bound_of_prefix(right: np.ndarray, copies: np.ndarray, k: int) -> float:
    outcomes = np.array(list(product([0, 1], repeat=k)), dtype=bool)
    reached = outcomes[outcomes.sum(axis=1) >= right[:k].sum()]

    def excess(epsilon: float) -> float:
        return float(chance(reached, copies[:k], epsilon).sum()) - 0.05

    return 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, 50.0, xtol=1e-11))


@pytest.mark.parametrize("copies", [[1] * 8, [1, 4, 1, 2, 2, 1, 4, 1]])
def test_naive_version_by_every_outcome(copies: list[int]) -> None:
    """The statistic of each outcome from the bounds of all prefixes, and its law by adding up outcomes."""
    times = np.array(copies)
    outcomes = np.array(list(product([0, 1], repeat=8)), dtype=bool)
    # The bound of a prefix depends on its number of right guesses only.
    table = {(k, v): bound_of_prefix(np.arange(k) < v, times, k) for k in range(5, 9) for v in range(k + 1)}
    statistic = np.array([max(table[k, int(row[:k].sum())] for k in range(5, 9)) for row in outcomes])
    for row, value in zip(outcomes, statistic, strict=True):
        as_large = outcomes[statistic >= value - 1e-7]

        def excess(epsilon: float, as_large: np.ndarray = as_large) -> float:
            return float(chance(as_large, times, epsilon).sum()) - 0.05

        naive = 0.0 if excess(0.0) >= 0 else brentq(excess, 0.0, 50.0, xtol=1e-11)
        assert chosen_epsilon(guesses(row.tolist(), copies)).epsilon == pytest.approx(naive, abs=1e-4)


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("copies", [[1] * 10, [1, 2, 1, 8, 1, 1, 2, 2, 1, 8]])
def test_exact_chance_of_an_overestimate(epsilon: float, copies: list[int]) -> None:
    """All 1,024 outcomes of randomised response: too high a bound in no more than 5 % of them, by weight."""
    outcomes = np.array(list(product([0, 1], repeat=10)), dtype=bool)
    bounds = np.array([chosen_epsilon(guesses(row.tolist(), copies)).epsilon for row in outcomes])
    weight = chance(outcomes, np.array(copies), epsilon)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[bounds > epsilon + 1e-7].sum() <= 0.05 + 1e-6


@pytest.mark.parametrize("kind", ["pairs", "coins"])
def test_null_audits_show_an_epsilon_in_no_more_than_5_percent(kind: str) -> None:
    rng, shown = np.random.default_rng(3), 0
    for _ in range(AUDITS):
        if kind == "pairs":
            made = sure_pair_guesses(rng.normal(size=30), rng.normal(size=30))
        else:
            made = sure_coin_guesses(rng.standard_cauchy(30), rng.random(30) < 0.5)
        shown += chosen_epsilon(made).epsilon > 0
    assert shown / AUDITS <= ALLOWED
    assert shown / AUDITS >= 0.03


@pytest.mark.parametrize(
    ("mechanism", "epsilon"),
    [
        ("randomised_response", 0.5),
        ("randomised_response", 1.0),
        ("randomised_response", 2.0),
        ("laplace", 1.0),
        ("mixed", 1.0),
        ("all_or_nothing", 1.0),
    ],
)
def test_known_epsilon_is_exceeded_in_no_more_than_5_percent(mechanism: str, epsilon: float) -> None:
    """Coins and pairs at once: a pair's difference is what a mechanism says of its coin."""
    rng, over, audits = np.random.default_rng(5), 0, 300
    for _ in range(audits):
        coins = rng.random(30) < 0.5
        scores = getattr(mechanisms, mechanism)(rng, coins, epsilon)
        signed = np.where(coins, scores, -scores)
        over += chosen_epsilon(sure_pair_guesses(signed, np.zeros(30))).epsilon > epsilon
        over += chosen_epsilon(sure_coin_guesses(scores, coins)).epsilon > epsilon
    assert over / (2 * audits) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / (2 * audits))


def test_copies_of_a_canary_are_not_taken_for_one() -> None:
    """Laplace noise at 0.5 a copy: the bound for one copy stays below it whatever the repetitions."""
    rng, over, copies = np.random.default_rng(6), 0, np.repeat([1, 2, 4], 15)
    for _ in range(250):
        coins = rng.random(45) < 0.5
        scores = np.where(coins, 0.5, -0.5) * copies + rng.laplace(0.0, 2.0, 45)
        signed = np.where(coins, scores, -scores)
        over += chosen_epsilon(sure_pair_guesses(signed, np.zeros(45), copies)).epsilon > 0.5
    assert over / 250 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)


@pytest.mark.parametrize("mean", [0.5, 1.0])
def test_gaussian_mechanism(mean: float) -> None:
    """Its epsilon at delta = 1e-3 for the bound with that delta; at 1e-5 for the bound with delta = 0.

    No Gaussian mechanism is epsilon-DP for any epsilon, so a bound at delta = 0 may not be compared with
    one; that it stays below the epsilon that would be stated at delta = 1e-5 is what a user expects.
    """
    rng, over, over_pure = np.random.default_rng(8), 0, 0
    for _ in range(200):
        coins = rng.random(60) < 0.5
        made = sure_coin_guesses(mechanisms.gaussian(rng, coins, mean), coins)
        over += chosen_epsilon_with_delta(made, 1e-3).epsilon > gaussian_epsilon(mean, 1e-3)
        over_pure += chosen_epsilon(made).epsilon > gaussian_epsilon(mean, 1e-5)
    assert max(over, over_pure) / 200 <= 0.05


def test_choosing_pays_where_some_canaries_are_memorised_and_costs_nothing_where_all_are() -> None:
    rng, fixed, chosen = np.random.default_rng(2), [], []
    for _ in range(200):
        scores = np.where(rng.random(60) < 0.2, 3.0, 0.0) + rng.normal(size=60)
        made = sure_pair_guesses(scores, np.zeros(60))
        fixed.append(one_run_epsilon(60, int(made.right.sum())))
        chosen.append(chosen_epsilon(made).epsilon)
    assert np.mean(chosen) > 5 * np.mean(fixed) > 0
    for n, published in [(20, 1.82), (100, 3.49), (200, 4.19)]:
        assert chosen_epsilon(guesses([1] * n)).epsilon == pytest.approx(published, abs=0.005)


def test_levels_together() -> None:
    copies = [16, 1, 8, 2, 4] * 20
    right = guesses([1] * 60 + [0, 1] * 20, copies)
    plain = joint_epsilon(
        [1, 2, 4, 8, 16],
        [20] * 5,
        [int(right.right[right.copies == r].sum()) for r in (1, 2, 4, 8, 16)],
        "replace-one",
    )
    found = chosen_epsilon(right)
    assert found.epsilon > plain.epsilon
    assert 60 <= found.used < 70
    assert found.guesses == 100
    assert found.correct == 80
    everything = joint_epsilon([1, 2, 4, 8, 16], [20] * 5, [20] * 5, "replace-one")
    assert found.ceiling == pytest.approx(everything.epsilon, abs=1e-6)


@settings(max_examples=40)
@given(st.lists(st.booleans(), min_size=5, max_size=25), st.data())
def test_one_more_right_guess_never_lowers_the_bound(right: list[bool], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(right) - 1))
    more = [*right[:at], True, *right[at + 1 :]]
    before, after = chosen_epsilon(guesses(right)), chosen_epsilon(guesses(more))
    assert after.epsilon >= before.epsilon - 1e-6
    assert chosen_epsilon(guesses(right), 0.9).epsilon >= before.epsilon - 1e-6
    # No guess that is chosen afterwards can show more than all of them at once could.
    assert before.epsilon <= one_run_epsilon(len(right), len(right)) + 1e-6


def test_many_guesses_are_looked_at_at_fewer_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    made = guesses((rng.random(900) < np.linspace(0.95, 0.5, 900)).tolist())
    thinned = chosen_epsilon(made)
    monkeypatch.setattr("memaudit.stats.epsilon_chosen.LENGTHS", 10**6)
    assert chosen_epsilon(made).epsilon == pytest.approx(thinned.epsilon, abs=0.05)
    assert prefix_lengths(900, 0.05).tolist() == list(range(5, 901))


def test_order_and_guess_do_not_look_at_the_coins() -> None:
    inserted, twin = np.array([3.0, 1.0, 0.5, 2.0]), np.array([1.0, 1.0, 4.0, 2.5])
    made = sure_pair_guesses(inserted, twin, [1, 2, 4, 8])
    assert made.right.tolist() == [False, True, False, False]
    assert made.copies.tolist() == [4, 1, 8, 2]
    swapped = sure_pair_guesses(twin, inserted, [1, 2, 4, 8])
    assert swapped.copies.tolist() == made.copies.tolist()
    assert made.adjacency == "replace-one"
    scores = np.array([5.0, 1.0, 2.0, 3.0])
    coins = sure_coin_guesses(scores, np.array([True, False, True, True]), [1, 2, 4, 8])
    assert coins.right.tolist() == [True, True, False, True]
    assert coins.copies.tolist() == [1, 2, 4, 8]
    assert sure_coin_guesses(scores, np.zeros(4, bool)).copies.tolist() == [1] * 4
    assert coins.adjacency == "add-remove"


def test_too_few_guesses_show_nothing() -> None:
    for n in (0, 1, 4):
        found = chosen_epsilon(guesses([1] * n))
        assert (found.epsilon, found.ceiling, found.used) == (0.0, 0.0, n)
    assert chosen_epsilon(guesses([1] * 5)).epsilon > 0


def test_refusals() -> None:
    with pytest.raises(StatisticError, match="copies"):
        chosen_epsilon_with_delta(guesses([1, 1], [1, 2]), 1e-5)
    with pytest.raises(StatisticError):
        chosen_epsilon(guesses([1]), 1.0)
    with pytest.raises(StatisticError):
        sure_pair_guesses([1.0, np.nan], [1.0, 2.0])
    with pytest.raises(StatisticError):
        sure_pair_guesses([1.0], [1.0, 2.0])
    with pytest.raises(StatisticError):
        sure_pair_guesses([1.0], [2.0], [1, 2])
    with pytest.raises(StatisticError):
        sure_pair_guesses([1.0], [2.0], [0])
    with pytest.raises(StatisticError):
        sure_coin_guesses([1.0], np.array([1.0]))
    with pytest.raises(StatisticError):
        Guesses(np.ones(2, dtype=bool), np.ones(3, dtype=np.int64), "replace-one")
