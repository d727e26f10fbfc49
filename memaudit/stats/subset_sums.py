"""Sums of random subsets of fixed size, fast where the set is large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memaudit.stats.checks import Floats

# Bits held at once: 2^27 of them are 16 MiB.
CHUNK_BITS = 1 << 27
# The chance of a bit is a multiple of 1 / 2^FINENESS.
FINENESS = 7
ONES = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)
MASKS = np.left_shift(1, np.arange(8)).astype(np.uint8)
PATTERNS = ((np.arange(256)[:, None] >> np.arange(8)[None, :]) & 1).astype(np.float64)


def draw_subset_sums(values: Floats, k: int, draws: int, rng: np.random.Generator) -> Floats:
    """Sums f8[draws] of independent, uniformly random subsets of exactly k of the values f8[n].

    Every value enters by a coin of about the right chance, eight coins a byte, and bytes are looked up in
    tables of partial sums. Given its size such a subset is uniform; adding or taking away uniformly random
    members until it has k keeps it uniform. That is some sqrt(n) corrections instead of k draws.
    """
    n = values.size
    if k > n - k:
        return float(values.sum()) - draw_subset_sums(values, n - k, draws, rng)
    padded = np.concatenate([values, np.zeros(-n % 8)])
    tables = np.ascontiguousarray(padded.reshape(-1, 8) @ PATTERNS.T)
    rows = max(1, CHUNK_BITS // padded.size)
    parts = [_draw(values, tables, k, min(rows, draws - at), rng) for at in range(0, draws, rows)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _draw(values: Floats, tables: Floats, k: int, draws: int, rng: np.random.Generator) -> Floats:
    n, groups = values.size, tables.shape[0]
    sums = np.zeros(draws)
    numerator = k * (1 << FINENESS) // n
    bits = _coins((groups, draws), numerator, rng)
    if n % 8:
        bits[-1] &= np.uint8((1 << n % 8) - 1)
    size = np.zeros(draws, dtype=np.int64)
    if numerator:
        for table, row in zip(tables, bits, strict=True):
            sums += table.take(row)
            size += ONES.take(row)
    _correct(values, bits, k - size, sums, rng)
    return sums


def _coins(shape: tuple[int, int], numerator: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Bytes of independent bits, each set with chance numerator / 2^FINENESS."""
    count = shape[0] * shape[1]
    words = -(-count // 8)
    if numerator == 0:
        return np.zeros(words, dtype=np.uint64).view(np.uint8)[:count].reshape(shape)
    # The binary digits of the chance, last one first: "or" makes 1/2 + c/2 of a chance c, "and" makes c/2.
    lowest = (numerator & -numerator).bit_length()
    bits = rng.integers(0, 1 << 64, size=words, dtype=np.uint64)
    for digit in range(lowest, FINENESS):
        fresh = rng.integers(0, 1 << 64, size=words, dtype=np.uint64)
        if numerator >> digit & 1:
            bits |= fresh
        else:
            bits &= fresh
    return bits.view(np.uint8)[:count].reshape(shape)


def _correct(
    values: Floats, bits: NDArray[np.uint8], need: NDArray[np.int64], sums: Floats, rng: np.random.Generator
) -> None:
    """Add (need > 0) or take away (need < 0) random members, one a round, until every subset has its size."""
    draws = sums.size
    flat = bits.reshape(-1)
    adding = need > 0
    left = np.abs(need)
    active = np.flatnonzero(left)
    while active.size:
        chosen = rng.integers(values.size, size=active.size)
        place = (chosen >> 3) * draws + active
        byte, mask = flat[place], MASKS[chosen & 7]
        usable = ((byte & mask) == 0) == adding[active]
        rows, members = active[usable], chosen[usable]
        flat[place[usable]] = byte[usable] ^ mask[usable]
        sums[rows] += np.where(adding[rows], values[members], -values[members])
        left[rows] -= 1
        active = active[left[active] > 0]
