"""Limits of the change of mean exposure between two checkpoints, over fresh draws of both arms."""

from __future__ import annotations

import numpy as np

from memaudit.stats.checks import Floats, Ints
from memaudit.stats.exposure_mean import expected_exposure

# Always the same random weights: equal input gives equal limits.
DRAWS, SEED = 4000, 20_190_816
# Numbers drawn at once: 8 MiB of them.
CHUNK = 1 << 20


def exposure_change_limits(
    inserted: tuple[Floats, Floats], held_out: tuple[Floats, Floats], level: float
) -> tuple[float, float]:
    """Lower and upper limit, in bits, of the expected change of mean exposure; each holds with `level`.

    The expected exposure of a canary is psi(p), p the chance that a held-out canary scores as high (see
    `exposure_mean_limits`). As there, the unknown laws get weights uniform on the simplex, one more atom each
    at the end that moves the limit outwards. Here a weight belongs to a canary and counts in both
    checkpoints; the further held-out canary lies above all scores in one of them and below all in the other,
    the further inserted one has the largest change there can be. That it covers is shown by simulation, not
    proved.

    Args:
        inserted: f8[n] scores of the inserted canaries by the first checkpoint and by the second.
        held_out: f8[N] scores of the held-out canaries by both.
        level: one-sided confidence of either limit.
    """
    n, reference = inserted[0].size, held_out[0].size
    orders = [np.argsort(-scores, kind="stable") for scores in held_out]
    places = [_at_least(*scores) for scores in zip(inserted, held_out, strict=True)]
    ends = expected_exposure(np.array([0.0, 1.0]), reference)
    reach = float(ends[0] - ends[1])
    rng, lower, upper = np.random.default_rng(SEED), [], []
    rows = max(1, CHUNK // (n + reference + 2))
    for at in range(0, DRAWS, rows):
        draws = min(rows, DRAWS - at)
        weights = rng.standard_exponential((draws, n + 1))
        weights /= weights.sum(axis=1, keepdims=True)
        shares = rng.standard_exponential((draws, reference + 1))
        shares /= shares.sum(axis=1, keepdims=True)
        above = [_above(shares, order, place) for order, place in zip(orders, places, strict=True)]
        further = shares[:, -1:]
        raised = [expected_exposure(np.minimum(share + further, 1.0), reference) for share in above]
        plain = [expected_exposure(share, reference) for share in above]
        lower.append((weights[:, :-1] * (raised[1] - plain[0])).sum(axis=1) - weights[:, -1] * reach)
        upper.append((weights[:, :-1] * (plain[1] - raised[0])).sum(axis=1) + weights[:, -1] * reach)
    low = float(np.quantile(np.concatenate(lower), 1.0 - level))
    return low, float(np.quantile(np.concatenate(upper), level))


def _at_least(inserted: Floats, held_out: Floats) -> Ints:
    """How many held-out canaries score at least as high as each inserted one."""
    ordered = np.sort(held_out)
    return np.asarray(ordered.size - np.searchsorted(ordered, inserted, side="left"), dtype=np.int64)


def _above(shares: Floats, order: Ints, places: Ints) -> Floats:
    """Weight f8[D, n] of the held-out canaries that score at least as high as each inserted one."""
    so_far = np.zeros((shares.shape[0], order.size + 1))
    np.cumsum(shares[:, order], axis=1, out=so_far[:, 1:])
    return so_far[:, places]
