"""The gradient of one training step, clipped by example, by core, or not at all.

Clipping bounds what a few utterances can do to a model: g / max(norm(g) / C, 1), applied to the gradient of
each example (Abadi et al. 2016, algorithm 1, without its noise), or to the mean gradient of each core's share
of the batch (arXiv 2406.02004). The adaptive variant of the latter takes as C the smallest core's norm of the
step. Without noise none of this gives differential privacy.

With noise it is DP-SGD (Abadi et al. 2016, algorithm 1): the sum of the clipped gradients of the examples of
a Poisson sample, with Gaussian noise of standard deviation noise_multiplier C on each number of it, divided
by the expected size of the sample, not by the one that was drawn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch, ctc_losses

Kind = Literal["none", "example", "core", "adaptive", "dp"]
#: The kinds that clip to a norm that is given.
BOUNDED: tuple[Kind, ...] = ("example", "core", "dp")
Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Clipping:
    """What is clipped, to which norm, (by core) into how many equal shares a batch falls, (dp) which noise.

    ``noise_multiplier`` is the noise's standard deviation by the bound. It may be 0, to compare with.

    Raises:
        UsageError: if the bound, the number of cores or the noise does not go with the kind.
    """

    kind: Kind = "none"
    bound: float | None = None
    cores: int = 1
    noise_multiplier: float | None = None

    def __post_init__(self) -> None:
        if (self.kind in BOUNDED) != (self.bound is not None):
            raise UsageError(
                f"clipping {self.kind!r} with bound {self.bound}",
                how=f"give one to {', '.join(BOUNDED)} only",
            )
        if self.bound is not None and not 0 < self.bound < float("inf"):
            raise UsageError(f"a clipping bound of {self.bound}", how="give a positive number")
        if self.cores < 1 or (self.cores > 1 and self.kind not in ("core", "adaptive")):
            raise UsageError(
                f"clipping {self.kind!r} with {self.cores} cores", how="give some to core and adaptive only"
            )
        noise = self.noise_multiplier
        if (self.kind == "dp") != (noise is not None):
            raise UsageError(f"clipping {self.kind!r} with noise {noise}", how="give some to dp only")
        if noise is not None and not 0 <= noise < float("inf"):
            raise UsageError(f"a noise multiplier of {noise}", how="give a number of at least 0")

    def as_dict(self) -> dict[str, Any]:
        """The values as JSON; the noise only where there is some to choose."""
        values = asdict(self)
        if self.noise_multiplier is None:
            del values["noise_multiplier"]
        return values

    def groups(self, batch_size: int) -> int:
        """How many gradients of such a batch are clipped: one an example, one a core, or one."""
        return {"none": 1, "example": batch_size, "dp": batch_size}.get(self.kind, self.cores)


@dataclass(frozen=True)
class Step:
    """A step's gradient, with what it was made from.

    Attributes:
        gradients: name of a parameter -> the mean of the clipped gradients (and their noise), shaped like the
            parameter.
        losses: f32[B] in nats.
        norms: f32[G], the groups' norms before clipping; G as in `Clipping.groups`.
    """

    gradients: Gradients
    losses: Tensor
    norms: Tensor


def step_gradient(model: nn.Module, batch: Batch, clipping: Clipping) -> Step:
    """The gradient of the mean loss of ``batch``, clipped by ``clipping``.

    Raises:
        UsageError: if the clipping is "dp" (see `memaudit.lab.private_step`), or as in `group_gradients`.
    """
    if clipping.kind == "dp":
        raise UsageError("a step with noise", how="take private_step, which knows the size of the sample")
    stacked, losses = group_gradients(model, batch, clipping.groups(len(batch)))
    norms = group_norms(stacked)
    if clipping.kind == "none":
        return Step({name: stack[0] for name, stack in stacked.items()}, losses, norms)
    bound = norms.min() if clipping.bound is None else clipping.bound
    gradients = {name: total / len(norms) for name, total in sum_of_clipped(stacked, norms, bound).items()}
    return Step(gradients, losses, norms)


def sum_of_clipped(stacked: Gradients, norms: Tensor, bound: Tensor | float) -> Gradients:
    """The sum over groups of g / max(norm(g) / bound, 1), from f32[G, ...] gradients and f32[G] norms."""
    factors = 1 / torch.clamp(norms / bound, min=1)
    return {name: torch.tensordot(factors, stack, dims=1) for name, stack in stacked.items()}


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
