"""SpecAugment: bands of mels and stretches of time are masked in each step's features (Park et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch


@dataclass(frozen=True)
class Augmentation:
    """How much is masked; each utterance has masks of its own, new ones each time that it is seen.

    Attributes:
        frequency_masks: bands an utterance.
        frequency_width: the most mel bins of a band; a width is drawn from 0 to this.
        time_masks: stretches an utterance.
        time_width: the most frames of a stretch, likewise.
        time_share: no stretch is longer than this share of the utterance.

    Raises:
        UsageError: for numbers out of their range.
    """

    frequency_masks: int = 2
    frequency_width: int = 8
    time_masks: int = 2
    time_width: int = 20
    time_share: float = 0.15

    def __post_init__(self) -> None:
        least = min(self.frequency_masks, self.frequency_width, self.time_masks, self.time_width)
        if least < 0 or not 0 <= self.time_share <= 1:
            raise UsageError(f"{self}", how="give numbers of at least 0, and a time_share of at most 1")


def spec_augment(batch: Batch, augmentation: Augmentation, fill: Tensor, generator: torch.Generator) -> Batch:
    """The batch with masked features; lengths and targets stay.

    Args:
        batch: f32[B, T, F] features.
        augmentation: how much.
        fill: f32[F], what stands in masked places: the mean of the training features, as the paper's features
            have mean zero.
        generator: on the CPU.
    """
    size, frames, bins = batch.features.shape
    device = batch.features.device
    everything = torch.full((size,), bins)
    widest = torch.full((size,), min(augmentation.frequency_width, bins))
    bands = _masks(everything, widest, bins, augmentation.frequency_masks, generator)
    lengths = batch.lengths.cpu()
    longest = (lengths * augmentation.time_share).long().clamp(max=augmentation.time_width)
    stretches = _masks(lengths, longest, frames, augmentation.time_masks, generator)
    masked = (bands.unsqueeze(1) | stretches.unsqueeze(2)).to(device)
    return replace(batch, features=torch.where(masked, fill.to(batch.features.dtype), batch.features))


def _masks(lengths: Tensor, widest: Tensor, places: int, count: int, generator: torch.Generator) -> Tensor:
    """bool[B, places]: for each of i64[B] lengths, the union of ``count`` masks.

    A width is drawn evenly from 0 to the widest, then a start at which the mask lies inside the length.
    """
    shape = (count, len(lengths), 1)
    widths = (torch.rand(shape, generator=generator) * (widest[:, None] + 1)).long()
    starts = (torch.rand(shape, generator=generator) * (lengths[:, None] - widths + 1)).long()
    place = torch.arange(places)
    return ((place >= starts) & (place < starts + widths)).any(0)
