"""What an audit of a given size can show: power of the accuracy gap, and the chances of a gate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv

from memaudit.stats.checks import Floats, StatisticError, bounded, count, share
from memaudit.stats.mean_gap import mean_gap_limit


@dataclass(frozen=True, slots=True)
class GateChances:
    """How often a gate on the accuracy gap fails, passes or stays inconclusive, over simulated audits."""

    failed: float
    passed: float
    audits: int

    def __post_init__(self) -> None:
        if not (self.failed >= 0.0 and self.passed >= 0.0 and self.failed + self.passed <= 1.0 + 1e-12):
            raise StatisticError(f"{self.failed} failed and {self.passed} passed", where="gate chances")

    @property
    def inconclusive(self) -> float:
        """Share of audits that decide nothing."""
        return max(0.0, 1.0 - self.failed - self.passed)


def gap_power(
    inserted: int,
    held_out: ArrayLike,
    gap: float,
    *,
    level: float = 0.975,
    bound: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> float:
    """Chance that the lower limit of `mean_gap_limit` lies above `bound` if the true gap is `gap`.

    The model of a leak: each inserted canary is memorised with one chance q, independently, and then read
        perfectly;
    the others are read as held-out canaries are. So gap = q (top - mean held out). Whether k memorised
    canaries are enough is asked of the interval itself, with the others at evenly spaced quantiles of the
    held-out values, and the power is P[Bin(n1, q) >= least such k].

    Args:
        inserted: n1, number of inserted canaries of the cell.
        held_out: f8[n0] values of the held-out canaries, measured or supposed, in `bounds`.
        gap: true gap, from 0 to top - mean held out.
        level: one-sided confidence of the limit.
        bound: what the limit has to exceed: 0 to detect, the bound of a gate to fail it.
        bounds: range of the values.

    Raises:
        StatisticError: for numbers out of their range, or a gap that no share of memorised canaries gives.
    """
    n, values = count(inserted, "inserted", least=1), bounded(held_out, "held_out", bounds)
    room = bounds[1] - float(values.mean())
    if not 0.0 <= gap <= room + 1e-12:
        raise StatisticError(f"is {gap}", where="gap", how=f"give 0 to {room:.4g}")
    enough = _memorised_needed(n, values, level, bound, bounds)
    if enough is None or room <= 0.0:
        return 0.0
    return float(betainc(enough, n - enough + 1, min(gap / room, 1.0))) if enough else 1.0


def smallest_detectable_gap(
    inserted: int,
    held_out: ArrayLike,
    *,
    power: float = 0.8,
    level: float = 0.975,
    bound: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> float | None:
    """Smallest true gap that is shown to exceed `bound` with chance `power`; None where no gap would be.

    The inverse of `gap_power`, under the same model; arguments as there.

    Raises:
        StatisticError: for numbers out of their range.
    """
    n, values = count(inserted, "inserted", least=1), bounded(held_out, "held_out", bounds)
    wanted = share(power, "power")
    enough = _memorised_needed(n, values, level, bound, bounds)
    if enough is None:
        return None
    if enough == 0:
        return 0.0
    chance = float(betaincinv(enough, n - enough + 1, wanted))
    return chance * (bounds[1] - float(values.mean()))


def gap_gate_chances(
    inserted: int,
    held_out: int,
    values: ArrayLike,
    *,
    memorised: float,
    bound: float,
    fail_level: float = 0.975,
    pass_level: float = 0.975,
    audits: int = 400,
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> GateChances:
    """Outcomes of the gate `accuracy_gap <= bound` over simulated audits of a design.

    An audit draws both arms, with replacement, from `values`; each inserted canary is memorised with chance
    `memorised` (0 for a clean model) and then has the top value. The gate fails where the lower limit at
    `fail_level` is above the bound, and passes where the upper limit at `pass_level` is not.

    Args:
        inserted, held_out: numbers of canaries n1 and n0.
        values: f8[v] what canaries that are not memorised score, in `bounds`.
        memorised: chance of an inserted canary to be memorised, 0 to 1.
        bound: of the gate.
        fail_level, pass_level: one-sided confidences of the two limits.
        audits: how many are simulated; the error of a share is at most 1 / (2 sqrt(audits)).
        seed: of the simulation.
        bounds: range of the values.

    Raises:
        StatisticError: for numbers out of their range.
    """
    n1, n0 = count(inserted, "inserted", least=1), count(held_out, "held_out", least=1)
    pool, repeats = bounded(values, "values", bounds), count(audits, "audits", least=1)
    if not 0.0 <= memorised <= 1.0:
        raise StatisticError(f"is {memorised}", where="memorised", how="give a chance from 0 to 1")
    rng = np.random.default_rng(count(seed, "seed"))
    failed = passed = 0
    for _ in range(repeats):
        second = rng.choice(pool, n0)
        first = np.where(rng.random(n1) < memorised, bounds[1], rng.choice(pool, n1))
        if first.mean() - second.mean() > bound:
            failed += mean_gap_limit(first, second, fail_level, "lower", bounds) > bound
        else:
            passed += mean_gap_limit(first, second, pass_level, "upper", bounds) <= bound
    return GateChances(failed / repeats, passed / repeats, repeats)


def _memorised_needed(
    n: int, held_out: Floats, level: float, bound: float, bounds: tuple[float, float]
) -> int | None:
    """Least number of memorised canaries among n that shows a gap above the bound; None if n do not."""
    return _remembered_need(n, held_out.tobytes(), level, bound, bounds)


@lru_cache(maxsize=32)
def _remembered_need(
    n: int, held_out_bytes: bytes, level: float, bound: float, bounds: tuple[float, float]
) -> int | None:
    """Remembered, since cells of one speed mostly have as many canaries, and share their held-out arm."""
    held_out = np.frombuffer(held_out_bytes)

    def shown(memorised: int) -> bool:
        places = (np.arange(n - memorised) + 0.5) / max(n - memorised, 1)
        others = np.quantile(held_out, places)
        first = np.append(others, np.full(memorised, bounds[1]))
        return mean_gap_limit(first, held_out, level, "lower", bounds) > bound

    if not shown(n):
        return None
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high
