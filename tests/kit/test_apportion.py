from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from memaudit.kit.apportion import apportion
from tests.kit.recipes import unhurried


@unhurried
@given(st.integers(0, 200), st.lists(st.integers(0, 40), max_size=12))
def test_shares_are_the_quotas_rounded_and_never_above_the_weights(total: int, weights: list[int]) -> None:
    shares = apportion(total, weights)
    assert sum(shares) == min(total, sum(weights))
    for share, weight in zip(shares, weights, strict=True):
        quota = Fraction(min(total, sum(weights)) * weight, sum(weights) or 1)
        assert quota - 1 < share < quota + 1
        assert 0 <= share <= weight


def test_hamilton_s_method() -> None:
    assert apportion(10, [6, 6, 2]) == [
        4,
        4,
        2,
    ]  # quotas 4.29, 4.29, 1.43: the last has the largest remainder
    assert apportion(100, [1, 2]) == [1, 2]
    assert apportion(3, [5, 5]) == [2, 1]
