"""Strict order where scores tie, by keys that were fixed before anything was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from memaudit.stats.checks import Ints, StatisticError, vector


def break_ties(scores: ArrayLike, keys: ArrayLike) -> Ints:
    """Strict ranks, 1 for the lowest score to n for the highest; equal scores are ordered by their keys.

    The keys come from the kit's commitment, so the order of the input decides nothing: with many ties a sort
    by position would rank one arm over the other, since files list arms together.

    Args:
        scores: f8[n], no NaN; infinities are allowed.
        keys: [n] numbers or strings, all different among canaries of equal score.

    Raises:
        StatisticError: for NaN, another number of keys than of scores, or equal keys where scores tie.
    """
    values = vector(scores, "scores", finite=False)
    tickets = np.asarray(keys)
    if tickets.ndim != 1 or tickets.size != values.size or tickets.dtype.kind not in "iufUS":
        raise StatisticError(
            f"{tickets.size} keys of kind {tickets.dtype} for {values.size} scores",
            where="keys",
            how="give one number or string a canary",
        )
    order = np.lexsort((tickets, values))
    doubled = (values[order][1:] == values[order][:-1]) & (tickets[order][1:] == tickets[order][:-1])
    if doubled.any():
        at = sorted(order[[int(np.argmax(doubled)), int(np.argmax(doubled)) + 1]].tolist())
        raise StatisticError(
            f"canaries {at[0]} and {at[1]} share score and key",
            where="keys",
            how="give each canary its own key",
        )
    ranks = np.empty(values.size, dtype=np.int64)
    ranks[order] = np.arange(1, values.size + 1)
    return ranks
