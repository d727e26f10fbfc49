"""The loss against the sum over all alignments."""

from __future__ import annotations

import itertools
import math

import torch

from memaudit.lab.batch import Batch, collate, ctc_losses


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(token for token, _ in itertools.groupby(path) if token != 0)


def test_loss_is_minus_the_log_of_all_alignments_together() -> None:
    generator = torch.Generator().manual_seed(4)
    log_probs = torch.randn(3, 5, 3, generator=generator, dtype=torch.float64).log_softmax(-1)
    lengths = torch.tensor([5, 4, 3])
    targets = [(1, 2), (1, 1), (2,)]
    batch = Batch(
        features=torch.zeros(3, 20, 1),
        lengths=torch.tensor([20, 16, 12]),
        targets=torch.tensor([[1, 2], [1, 1], [2, 0]]),
        target_lengths=torch.tensor([2, 2, 1]),
    )
    found = ctc_losses(log_probs, lengths, batch)
    for number, (frames, target) in enumerate(zip(lengths.tolist(), targets, strict=True)):
        total = sum(
            math.exp(sum(float(log_probs[number, t, token]) for t, token in enumerate(path)))
            for path in itertools.product(range(3), repeat=frames)
            if collapse(path) == target
        )
        assert math.isclose(float(found[number]), -math.log(total), rel_tol=1e-9)


def test_collate_pads_and_keeps_the_lengths() -> None:
    batch = collate([torch.ones(3, 2), torch.ones(5, 2)], [torch.tensor([4, 5]), torch.tensor([6])])
    assert len(batch) == 2
    assert batch.features.shape == (2, 5, 2)
    assert batch.features[0].sum() == 6
    assert batch.lengths.tolist() == [3, 5]
    assert batch.targets.tolist() == [[4, 5], [6, 0]]
    assert batch.target_lengths.tolist() == [2, 1]
