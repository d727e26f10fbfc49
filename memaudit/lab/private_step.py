"""The gradient of one step of DP-SGD."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch
from memaudit.lab.clipping import Clipping, Step, group_gradients, group_norms, sum_of_clipped


def private_step(
    model: nn.Module, batch: Batch | None, clipping: Clipping, *, expected: int, generator: torch.Generator
) -> Step:
    """The noisy mean of the clipped gradients of a Poisson sample (Abadi et al. 2016, algorithm 1).

    (sum of g / max(norm(g) / C, 1) + N(0, noise_multiplier^2 C^2 I)) / expected

    Args:
        model: whose parameters it is about.
        batch: the sample; None where it came out empty, whose gradient is noise alone.
        clipping: of kind "dp".
        expected: the expected size of a sample. Dividing by the drawn size would tell of one utterance more.
        generator: of the noise, on the CPU, so that every device adds the same.

    Raises:
        UsageError: for another kind of clipping.
    """
    bound, multiplier = clipping.bound, clipping.noise_multiplier
    if clipping.kind != "dp" or bound is None or multiplier is None:
        raise UsageError(f"a step with noise and clipping {clipping.kind!r}", how="give clipping 'dp'")
    if batch is None:
        total = {name: torch.zeros_like(value.detach()) for name, value in model.named_parameters()}
        losses = norms = torch.zeros(0)
    else:
        stacked, losses = group_gradients(model, batch, len(batch))
        norms = group_norms(stacked)
        total = sum_of_clipped(stacked, norms, bound)
    gradients = {
        name: (value + multiplier * bound * _noise(value, generator)) / expected
        for name, value in total.items()
    }
    return Step(gradients, losses, norms)


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
