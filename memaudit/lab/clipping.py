"""The gradient of one training step, clipped by example, by core, or not at all.

Clipping bounds what a few utterances can do to a model: g / max(norm(g) / C, 1), applied to the gradient of
each example (Abadi et al. 2016, algorithm 1, without its noise), or to the mean gradient of each core's share
of the batch (arXiv 2406.02004). The adaptive variant of the latter takes as C the smallest core's norm of the
step. Without noise none of this gives differential privacy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch, ctc_losses

Kind = Literal["none", "example", "core", "adaptive"]
Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Clipping:
    """What is clipped, to which norm, and (by core) into how many equal shares a batch falls.

    Raises:
        UsageError: if the bound or the number of cores does not go with the kind.
    """

    kind: Kind = "none"
    bound: float | None = None
    cores: int = 1

    def __post_init__(self) -> None:
        if (self.kind in ("example", "core")) != (self.bound is not None):
            raise UsageError(
                f"clipping {self.kind!r} with bound {self.bound}", how="give one to example and core only"
            )
        if self.bound is not None and not 0 < self.bound < float("inf"):
            raise UsageError(f"a clipping bound of {self.bound}", how="give a positive number")
        if self.cores < 1 or (self.cores > 1 and self.kind not in ("core", "adaptive")):
            raise UsageError(
                f"clipping {self.kind!r} with {self.cores} cores", how="give some to core and adaptive only"
            )

    def groups(self, batch_size: int) -> int:
        """How many gradients of such a batch are clipped: one an example, one a core, or one."""
        return {"none": 1, "example": batch_size}.get(self.kind, self.cores)


@dataclass(frozen=True)
class Step:
    """A step's gradient, with what it was made from.

    Attributes:
        gradients: name of a parameter -> the mean of the clipped gradients, shaped like the parameter.
        losses: f32[B] in nats.
        norms: f32[G], the groups' norms before clipping; G as in `Clipping.groups`.
    """

    gradients: Gradients
    losses: Tensor
    norms: Tensor


def step_gradient(model: nn.Module, batch: Batch, clipping: Clipping) -> Step:
    """The gradient of the mean loss of ``batch``, clipped by ``clipping``."""
    stacked, losses = group_gradients(model, batch, clipping.groups(len(batch)))
    norms = group_norms(stacked)
    if clipping.kind == "none":
        return Step({name: stack[0] for name, stack in stacked.items()}, losses, norms)
    bound = norms.min() if clipping.bound is None else clipping.bound
    factors = 1 / torch.clamp(norms / bound, min=1)
    gradients = {
        name: torch.tensordot(factors, stack, dims=1) / len(factors) for name, stack in stacked.items()
    }
    return Step(gradients, losses, norms)


def group_norms(stacked: Gradients) -> Tensor:
    """f32[G]: the Euclidean norm of each group's whole gradient."""
    squares = [stack.flatten(1).square().sum(1) for stack in stacked.values()]
    return torch.stack(squares).sum(0).sqrt()


def group_gradients(model: nn.Module, batch: Batch, groups: int) -> tuple[Gradients, Tensor]:
    """The gradient of the mean loss of each of ``groups`` equal, consecutive parts of a batch.

    One forward and one backward pass: every group gets a copy of the parameters of its own
    (torch.func.vmap), so the gradients of the copies are those of the groups. The losses are taken outside
    vmap, which would run torch's CTC loss one example at a time.

    Returns:
        name -> f32[G, *parameter shape], and the losses f32[B].

    Raises:
        UsageError: if the batch does not fall into equal parts.
    """
    size = len(batch)
    if size % groups:
        raise UsageError(f"a batch of {size} has no {groups} equal parts", how="choose a multiple")
    copies = {
        name: value.detach().expand(groups, *value.shape).requires_grad_()
        for name, value in model.named_parameters()
    }
    if groups == 1:
        alone = {name: value[0] for name, value in copies.items()}
        log_probs, lengths = torch.func.functional_call(model, alone, (batch.features, batch.lengths))
    else:
        log_probs, lengths = _run_groups(model, copies, batch, groups)
    losses = ctc_losses(log_probs, lengths, batch)
    total = losses.sum() * groups / size
    gradients = torch.autograd.grad(total, list(copies.values()))
    return dict(zip(copies, gradients, strict=True)), losses.detach()


def _run_groups(model: nn.Module, copies: Gradients, batch: Batch, groups: int) -> tuple[Tensor, Tensor]:
    """The model's outputs for the whole batch, each part of it computed with its own copy."""

    def run(parameters: Gradients, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        outputs: tuple[Tensor, Tensor] = torch.func.functional_call(model, parameters, (features, lengths))
        return outputs

    features = batch.features.reshape(groups, -1, *batch.features.shape[1:])
    lengths = batch.lengths.reshape(groups, -1)
    log_probs, frames = torch.func.vmap(run)(copies, features, lengths)
    return log_probs.flatten(0, 1), frames.flatten()
