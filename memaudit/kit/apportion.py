"""Sharing out a whole number by weights."""

from __future__ import annotations

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Shares in proportion to ``weights``, by largest remainders (Hamilton's method), none above its weight.

    The shares add up to ``total``, or to the weights' sum where that is less. Equal remainders go to the
    earlier ones.
    """
    supply = sum(weights)
    if total >= supply:
        return list(weights)
    shares = [total * weight // supply for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % supply))
    for place in by_remainder[: total - sum(shares)]:
        shares[place] += 1
    return shares
