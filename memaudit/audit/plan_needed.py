"""How many pairs a cell needs for a wanted chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from memaudit.audit.plan_odds import Floats, GapOdds
from memaudit.kit.recipe_fields import DesignPart

#: Pairs a cell beyond which nobody makes a kit: the search ends there.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Needed:
    """Pairs a cell, None where more than `MOST` would be needed.

    ``fail``: to fail a leak of the stated gap; ``clean``: to pass a model that memorised nothing;
    ``both``: for both.
    """

    power: float
    gap: float
    fail: int | None
    clean: int | None

    @property
    def both(self) -> int | None:
        """The larger of the two."""
        return None if self.fail is None or self.clean is None else max(self.fail, self.clean)


def pairs_needed(
    design: DesignPart,
    scores: Floats,
    gap: float,
    power: float,
    bound: float,
    levels: tuple[float, float],
    gates: int | None = None,
) -> Needed:
    """The fewest pairs a cell of the gated speed with which each gate decides with chance `power`.

    Levels of repetition and the reserve stay as they are (a reserve that was left out grows with the pairs).

    Args:
        design: of the recipe.
        scores: f8[v] supposed accuracies of canaries that are not memorised.
        gap: true accuracy gap of the leak, above `bound`.
        power: wanted chance, for failing it in one cell and for passing a clean model in all.
        bound: of the gates.
        levels: one-sided confidences of the limits on which a gate fails and passes.
        gates: on how many cells of the speed there is one; None: on each.
    """
    cells = len(design.repetitions)
    family = cells if gates is None else gates

    def odds(pairs: int) -> GapOdds:
        reserve = pairs * cells if design.reserve_per_speed is None else design.reserve_per_speed
        return GapOdds(pairs, pairs * cells + reserve, scores)

    return Needed(
        power,
        gap,
        least(lambda pairs: odds(pairs).shown(gap, bound, levels[0]), power),
        least(lambda pairs: odds(pairs).passed(bound, levels[1], family), power),
    )


def least(chance: Callable[[int], float], wanted: float) -> int | None:
    """The smallest number from 1 to `MOST` with at least the wanted chance, if chances grow with the number.

    Bisection, guided by the normal scores of the chances, which are nearly straight in the number.
    """
    low, high = 0, 32
    scores = {low: -np.inf}
    goal = ndtri(wanted)

    def score(number: int) -> float:
        scores[number] = float(ndtri(np.clip(chance(number), 1e-12, 1.0 - 1e-12)))
        return scores[number]

    while score(high) < goal:
        if high == MOST:
            return None
        low, high = high, min(2 * high, MOST)
    for step in itertools.count():
        if high - low == 1:
            break
        part = (goal - scores[low]) / (scores[high] - scores[low]) if low and step % 3 < 2 else 0.5
        number = min(max(low + math.ceil(part * (high - low)), low + 1), high - 1)
        low, high = (low, number) if score(number) >= goal else (number, high)
    return high
