"""Exchanging two checkpoints, canary by canary: the law of a change of ranks if they were alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memaudit.stats.checks import Bools, Floats

# Numbers sorted at once: 16 MiB of them.
CHUNK = 1 << 22


def flipped_changes(
    first: Floats, second: Floats, inserted: Bools, flips: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Changes of mean exposure and of the number of members under random exchanges, f8[flips + 1] each.

    Entry 0 is the change that was observed, second minus first. Every exchange swaps the two scores of each
    canary, of both arms, by a fair coin; exposures are then computed anew.

    Args:
        first, second: f8[n] scores of both checkpoints, ties counting against the claim.
        inserted: bool[n].
        flips: how many exchanges.
        rng: where the coins come from.
    """
    # Ranks over both checkpoints; the lowest bit says held out, so that held-out canaries win ties.
    ranks = np.unique(np.concatenate([first, second]), return_inverse=True)[1].reshape(2, -1)
    keys = (2 * ranks + ~inserted).astype(np.int64)
    exposures, members = [], []
    rows = max(1, CHUNK // first.size)
    for at in range(0, flips + 1, rows):
        swap = rng.random((min(rows, flips + 1 - at), first.size)) < 0.5
        if at == 0:
            swap[0] = False
        before, after = np.where(swap, keys[1], keys[0]), np.where(swap, keys[0], keys[1])
        (log_before, top_before), (log_after, top_after) = _ranked(before), _ranked(after)
        exposures.append((log_before - log_after) / inserted.sum())
        members.append((top_after - top_before).astype(np.float64))
    return np.concatenate(exposures), np.concatenate(members)


def _ranked(keys: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Sum over inserted canaries of log2(1 + held-out ones at least as high), and how many have none, [R]."""
    keys.sort(axis=1)
    descending = keys[:, ::-1]
    held_out = (descending & 1).astype(np.int32)
    better = np.cumsum(held_out, axis=1)
    logs = np.log2(1.0 + np.arange(int(better[:, -1].max()) + 1))
    sums = np.where(held_out == 1, 0.0, logs[better]).sum(axis=1)
    return sums, ((held_out == 0) & (better == 0)).sum(axis=1)
