"""Limits of the mean exposure, over fresh draws of both arms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from memaudit.stats.bounded_mean import Side
from memaudit.stats.checks import Floats, Ints, StatisticError, share

# Random weights that a limit is read from, always the same ones: equal input gives equal limits.
DRAWS, SEED = 20_000, 20_190_814
# More distinct ranks than this are merged into as many steps, equal in log rank.
RANKS = 512


def exposure_mean_limit(better: Ints, reference: int, level: float, side: Side) -> float:
    """One-sided limit, in bits, of the expected mean exposure, which holds with probability `level`.

    Let p(s) be the chance that a held-out canary scores at least s. The expected exposure of a canary with
    score s is psi(p(s)) with psi(p) = log2(N) - E log2(1 + Bin(N, p)). Both unknown laws get weights uniform
    on the simplex and one more atom at the end that moves the limit outwards, as in `mean_limit` (Gaffke
    2005): the inserted sample one at the least or largest exposure, the held-out sample one above or below
    all scores. For one inserted score p is then the Clopper-Pearson limit. Coverage is shown by simulation.

    Args:
        better: i8[n], how many held-out canaries score at least as high as each inserted one.
        reference: N, the number of held-out canaries.
        level: one-sided confidence.
        side: "lower" or "upper".
    """
    level = share(level, "level")
    if side not in ("lower", "upper"):
        raise StatisticError(f"is {side!r}", where="side", how="give lower or upper")
    lower = side == "lower"
    counts, copies = _distinct(better)
    rng = np.random.default_rng(SEED)
    steps = np.diff(counts, prepend=0, append=reference).astype(np.float64)
    # The further held-out canary beats all (lower limit) or none (upper limit).
    steps[0 if lower else -1] += 1.0
    mass = rng.standard_gamma(steps, size=(DRAWS, steps.size))
    beaten = np.cumsum(mass, axis=1)
    shares = beaten[:, :-1] / beaten[:, -1:]
    weights = rng.standard_gamma(copies.astype(np.float64), size=(DRAWS, copies.size))
    end = rng.standard_exponential(DRAWS)
    extreme = expected_exposure(np.array([1.0 if lower else 0.0]), reference)[0]
    total = (weights * expected_exposure(shares, reference)).sum(axis=1) + end * extreme
    means = total / (weights.sum(axis=1) + end)
    return float(np.quantile(means, 1.0 - level if lower else level))


def expected_exposure(p: Floats, reference: int) -> Floats:
    """psi(p) in bits, of any shape: expected exposure if each of N held-out canaries beats with chance p."""
    grid, table = _exposure_table(reference)
    return np.interp(np.log1p(reference * p), grid, table)


@lru_cache(maxsize=64)
def _exposure_table(reference: int) -> tuple[Floats, Floats]:
    """psi at places evenly spaced in log(1 + N p).

    From ln(1 + k) = int_0^inf exp(-t) (1 - exp(-t k)) / t dt and E exp(-t K) = (1 - p (1 - exp(-t)))^N; with
    t = e^u the trapezium rule converges exponentially.
    """
    grid = np.linspace(0.0, np.log1p(reference), 1500)
    p = np.minimum(np.expm1(grid) / reference, 1.0)
    t = np.exp(np.arange(np.log(1e-11 / reference), np.log(45.0), 0.1))
    with np.errstate(divide="ignore"):
        missed = -np.expm1(reference * np.log1p(-np.outer(p, -np.expm1(-t))))
    integral = 0.1 * missed @ np.exp(-t)
    return grid, np.log2(reference) - integral / np.log(2.0)


def _distinct(better: Ints) -> tuple[Ints, Ints]:
    """Distinct counts ascending and how often each occurs, merged where there are very many."""
    counts, copies = np.unique(better, return_counts=True)
    if counts.size <= RANKS:
        return counts, copies
    places = np.log1p(counts)
    step = np.minimum((places / places[-1] * RANKS).astype(np.int64), RANKS - 1)
    used = np.unique(step)
    middle = [int(np.average(counts[step == s], weights=copies[step == s])) for s in used]
    return np.unique(middle), np.array([copies[step == s].sum() for s in used])
