"""Padded batches of features and word numbers, and the loss of each of their utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

BLANK = 0


@dataclass(frozen=True)
class Batch:
    """B utterances: f32[B, T, F] features, i64[B, U] targets (padded with blanks), both with lengths."""

    features: Tensor
    lengths: Tensor
    targets: Tensor
    target_lengths: Tensor

    def __len__(self) -> int:
        return self.features.shape[0]

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        parts = (self.features, self.lengths, self.targets, self.target_lengths)
        return Batch(*(part.to(device) for part in parts))


def collate(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Batch:
    """Pad utterances (f32 or f16 [T_i, F], i64[U_i]) to a batch."""
    return Batch(
        features=pad_sequence([item.to(torch.float32) for item in features], batch_first=True),
        lengths=torch.tensor([len(item) for item in features]),
        targets=pad_sequence(list(targets), batch_first=True, padding_value=BLANK),
        target_lengths=torch.tensor([len(item) for item in targets]),
    )


def ctc_losses(log_probs: Tensor, lengths: Tensor, batch: Batch) -> Tensor:
    """f32[B]: -log p(words | audio) of each utterance, in nats (Graves et al. 2006, equations 7 and 8).

    Args:
        log_probs: f32[B, T', V].
        lengths: i64[B], the valid frames of each.
        batch: where the targets come from.
    """
    return functional.ctc_loss(
        log_probs.transpose(0, 1),
        batch.targets,
        lengths,
        batch.target_lengths,
        blank=BLANK,
        reduction="none",
    )
