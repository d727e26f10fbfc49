"""Which utterances each step of a run sees."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def shuffled(count: int, batch_size: int, epochs: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Passes over the data, each in an order of its own; what fills no batch at a pass's end is left out."""
    for _ in range(epochs):
        order = torch.randperm(count, generator=generator).tolist()
        for start in range(0, count // batch_size * batch_size, batch_size):
            yield order[start : start + batch_size]


def poisson(count: int, batch_size: int, epochs: int, generator: torch.Generator) -> Iterator[list[int]]:
    """As many batches, each with every utterance at a probability of batch_size / count, on its own.

    So a batch has ``batch_size`` utterances on average, and may have none. This is the sampling that the
    accountants of DP-SGD count on (Abadi et al. 2016, algorithm 1; Mironov et al. 2019).
    """
    for _ in range(count // batch_size * epochs):
        drawn = torch.rand(count, generator=generator, dtype=torch.float64) < batch_size / count
        yield drawn.nonzero().flatten().tolist()
