"""Which utterances the steps see."""

from __future__ import annotations

import numpy as np
import torch
from scipy import stats

from memaudit.lab.sampling import poisson, shuffled


def generator(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_pass_sees_each_utterance_at_most_once() -> None:
    batches = list(shuffled(23, 5, 3, generator()))
    assert [len(batch) for batch in batches] == [5] * 12
    passes = [[n for batch in batches[start : start + 4] for n in batch] for start in (0, 4, 8)]
    assert all(len(set(seen)) == 20 for seen in passes)
    assert passes[0] != passes[1] != passes[2]
    assert batches == list(shuffled(23, 5, 3, generator()))


def test_poisson_samples_are_independent_coins() -> None:
    """Each utterance is in a step with probability q; sizes and joint appearances are those of coins."""
    count, size, epochs = 50, 4, 400
    batches = list(poisson(count, size, epochs, generator()))
    assert len(batches) == count // size * epochs
    taken = np.zeros((len(batches), count))
    for row, batch in zip(taken, batches, strict=True):
        assert len(set(batch)) == len(batch)
        row[batch] = 1
    rate, steps = size / count, len(batches)
    counts = taken.sum(0)
    chi_square = float(((counts - steps * rate) ** 2 / (steps * rate * (1 - rate))).sum())
    assert 1e-3 < stats.chi2.sf(chi_square, count) < 1 - 1e-3
    sizes = np.bincount(taken.sum(1).astype(int), minlength=14)
    expected = steps * stats.binom.pmf(range(14), count, rate)
    assert stats.chisquare(sizes[:10], expected[:10] * sizes[:10].sum() / expected[:10].sum()).pvalue > 1e-3
    both = taken.T @ taken / steps
    apart = both[np.triu_indices(count, 1)]
    assert abs(apart.mean() - rate**2) < 5 * rate / np.sqrt(steps * apart.size)


def test_poisson_samples_may_be_empty() -> None:
    sizes = [len(batch) for batch in poisson(10, 1, 40, generator())]
    assert 0 in sizes
    assert max(sizes) > 1
