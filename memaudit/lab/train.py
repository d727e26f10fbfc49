"""Training: Muon to learn ordinary speech, SGD to fine-tune.

Muon and Adam make every step about equally large, whatever the gradient's size, so clipping before them has
lost its meaning: what is clipped is trained by SGD.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from memaudit.errors import UsageError
from memaudit.lab.clipping import Clipping, step_gradient
from memaudit.lab.recognizer import ConvRecognizer
from memaudit.lab.utterances import Utterances

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """How one run trains.

    Attributes:
        optimiser: "muon" (matrices by Muon, the rest and the output layer by AdamW) or "sgd" (momentum 0.9).
        learning_rate: its largest value, reached after ``warmup`` of the steps; then it falls in a straight
            line to a tenth.
        epochs: passes over the data, each in an order of its own.
        batch_size: utterances a step; what does not fill a batch at an epoch's end is left out.
        clipping: what is done to the gradients.
    """

    optimiser: Literal["muon", "sgd"]
    learning_rate: float
    epochs: int
    batch_size: int = 16
    warmup: float = 0.05
    clipping: Clipping = field(default_factory=Clipping)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-able values."""
        return asdict(self)


@dataclass(frozen=True)
class History:
    """What a run did: the mean loss in nats of each step, the median norm before clipping, the time."""

    losses: tuple[float, ...]
    median_norm: float
    seconds: float


def train(
    model: ConvRecognizer,
    utterances: Utterances,
    plan: Plan,
    *,
    seed: int,
    progress: Progress | None = None,
) -> History:
    """Train ``model`` in place; the seed decides the order of the utterances.

    Raises:
        UsageError: if there are fewer utterances than a batch, or the loss stops being finite.
    """
    steps_an_epoch = len(utterances) // plan.batch_size
    steps = steps_an_epoch * plan.epochs
    if not steps:
        raise UsageError(f"{len(utterances)} utterances make no batch of {plan.batch_size}")
    optimisers = _optimisers(model, plan)
    parameters = dict(model.named_parameters())
    generator = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    norms = []
    started = time.perf_counter()
    for _ in range(plan.epochs):
        order = torch.randperm(len(utterances), generator=generator).tolist()
        for start in range(0, steps_an_epoch * plan.batch_size, plan.batch_size):
            batch = utterances.batch(order[start : start + plan.batch_size])
            step = step_gradient(model, batch, plan.clipping)
            losses.append(float(step.losses.mean()))
            norms.append(step.norms)
            if not torch.isfinite(step.losses).all():
                raise UsageError(
                    f"the loss is {losses[-1]} at step {len(losses)}", how="lower the learning rate"
                )
            for name, gradient in step.gradients.items():
                parameters[name].grad = gradient
            factor = learning_rate_share(len(losses), steps, plan.warmup)
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = plan.learning_rate * factor
                optimiser.step()
            if progress is not None:
                progress(len(losses), steps)
    return History(tuple(losses), float(torch.cat(norms).median()), time.perf_counter() - started)


def learning_rate_share(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate at ``step`` of 1 .. ``steps``."""
    rising = step / max(1.0, warmup * steps)
    falling = 1 - 0.9 * (step - 1) / steps
    return min(rising, falling)


def _optimisers(model: ConvRecognizer, plan: Plan) -> list[torch.optim.Optimizer]:
    if plan.optimiser == "sgd":
        return [torch.optim.SGD(model.parameters(), lr=plan.learning_rate, momentum=0.9)]
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_hidden = parameter.ndim == 2 and not name.startswith("output.")
        (matrices if is_hidden else rest).append(parameter)
    return [
        torch.optim.Muon(matrices, lr=plan.learning_rate, weight_decay=0.0),
        torch.optim.AdamW(rest, lr=plan.learning_rate, weight_decay=0.0),
    ]
