from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.stats.checks import StatisticError
from memaudit.stats.ties import break_ties


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**9)), min_size=1, unique_by=lambda x: x[1]),
    st.randoms(),
)
def test_ranks_follow_scores_then_keys_whatever_the_order(
    rows: list[tuple[int, int]], random: object
) -> None:
    scores, keys = zip(*rows, strict=True)
    ranks = break_ties(scores, keys)
    assert sorted(ranks.tolist()) == list(range(1, len(rows) + 1))
    naive = [1 + sum(other < row for other in rows) for row in rows]
    assert ranks.tolist() == naive
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = break_ties([scores[i] for i in order], [keys[i] for i in order])
    assert shuffled.tolist() == [naive[i] for i in order]


def test_hex_keys_and_infinite_scores() -> None:
    ranks = break_ties([-math.inf, 0.0, 0.0, math.inf], ["a", "ff", "0f", "a"])
    assert ranks.tolist() == [1, 3, 2, 4]


def test_all_tied_arms_listed_one_after_the_other_are_not_told_apart() -> None:
    """A sort by position would put the first arm wholly below the second in every audit."""
    rng = np.random.default_rng(5)
    inserted = np.arange(60) < 20
    above = []
    for _ in range(2000):
        ranks = break_ties(np.where(rng.random(60) < 0.9, 0.0, rng.random(60)), rng.random(60))
        above.append(ranks[inserted].mean() - ranks[~inserted].mean())
    spread = np.std(above) / np.sqrt(len(above))
    assert abs(np.mean(above)) < 4 * spread


def test_refusals() -> None:
    with pytest.raises(StatisticError, match="canaries 0 and 2 share score and key"):
        break_ties([0.0, 1.0, 0.0], ["x", "x", "x"])
    with pytest.raises(StatisticError, match="2 keys"):
        break_ties([0.0], [1, 2])
    with pytest.raises(StatisticError, match="nan"):
        break_ties([math.nan], [1])
