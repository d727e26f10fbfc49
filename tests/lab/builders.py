"""Small recognisers and batches with random numbers."""

from __future__ import annotations

import torch

from memaudit.lab.batch import Batch
from memaudit.lab.recognizer import ConvRecognizer, Shape, make_recognizer

MELS = 6
TOKENS = 8
SHAPE = Shape(tokens=TOKENS, mel_bins=MELS, width=10, blocks=2, kernel=3)


def small_recognizer(seed: int = 0) -> ConvRecognizer:
    """In double precision, with statistics of features that matter."""
    model = make_recognizer(SHAPE, seed).double()
    generator = torch.Generator().manual_seed(seed)
    model.mean.copy_(torch.randn(MELS, generator=generator))
    model.deviation.copy_(torch.rand(MELS, generator=generator) + 0.5)
    return model


def random_batch(size: int, seed: int = 0, *, spread: float = 0.0) -> Batch:
    """Utterances of 25 to 50 frames and 1 to 3 tokens; ``spread`` makes later ones louder and louder."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(25, 51, (size,), generator=generator)
    target_lengths = torch.randint(1, 4, (size,), generator=generator)
    features = torch.randn(size, int(lengths.max()), MELS, generator=generator, dtype=torch.float64)
    scale = 1 + spread * torch.arange(size, dtype=torch.float64)
    targets = torch.randint(1, TOKENS, (size, 3), generator=generator)
    return Batch(features * scale[:, None, None], lengths, targets, target_lengths)


def alone(batch: Batch, number: int) -> Batch:
    """One utterance of a batch, without any padding."""
    frames, tokens = int(batch.lengths[number]), int(batch.target_lengths[number])
    return Batch(
        batch.features[number : number + 1, :frames],
        batch.lengths[number : number + 1],
        batch.targets[number : number + 1, :tokens],
        batch.target_lengths[number : number + 1],
    )
