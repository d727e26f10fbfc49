"""Training: Muon to learn ordinary speech, SGD to fine-tune.

Muon and Adam make every step about equally large, whatever the gradient's size, so clipping before them has
lost its meaning: what is clipped is trained by SGD.

A run has three random streams of its own: the order or sample of the utterances, the masks of SpecAugment and
the noise of DP-SGD. So a run with masks or noise sees the utterances in the order of the run without.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from memaudit.errors import UsageError
from memaudit.kit.seeds import stream
from memaudit.lab.augment import Augmentation, spec_augment
from memaudit.lab.batch import Batch
from memaudit.lab.clipping import Clipping, Step, step_gradient
from memaudit.lab.device import device_of
from memaudit.lab.private_step import private_step
from memaudit.lab.recognizer import ConvRecognizer
from memaudit.lab.sampling import poisson, shuffled
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
        batch_size: utterances a step; what does not fill a batch at an epoch's end is left out. With clipping
            "dp", the expected number: each step takes each utterance with probability `sample_rate`.
        clipping: what is done to the gradients.
        augment: masks in the features, or none.
    """

    optimiser: Literal["muon", "sgd"]
    learning_rate: float
    epochs: int
    batch_size: int = 16
    warmup: float = 0.05
    clipping: Clipping = field(default_factory=Clipping)
    augment: Augmentation | None = None

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-able values; masks only where there are some."""
        values = {**asdict(self), "clipping": self.clipping.as_dict()}
        if self.augment is None:
            del values["augment"]
        return values

    def steps(self, count: int) -> int:
        """How many steps it makes of ``count`` utterances."""
        return count // self.batch_size * self.epochs

    def sample_rate(self, count: int) -> float:
        """The probability of each of ``count`` utterances to be in a step of DP-SGD."""
        return self.batch_size / count


@dataclass(frozen=True)
class History:
    """What a run did: the mean loss in nats of each step, the median norm before clipping, the time.

    Steps of DP-SGD whose sample was empty have no loss.
    """

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
    """Train ``model`` in place, on the device where it is.

    The seed decides the order of the utterances, the masks and the noise.

    Raises:
        UsageError: if there are fewer utterances than a batch, or the loss stops being finite.
    """
    steps = plan.steps(len(utterances))
    if not steps:
        raise UsageError(f"{len(utterances)} utterances make no batch of {plan.batch_size}")
    optimisers = _optimisers(model, plan)
    parameters = dict(model.named_parameters())
    noise = _generator(seed, "noise")
    losses: list[float] = []
    norms = []
    started = time.perf_counter()
    for number, batch in enumerate(_batches(model, utterances, plan, seed), 1):
        step = _gradient(model, batch, plan, noise)
        if batch is not None:
            losses.append(float(step.losses.mean()))
            norms.append(step.norms)
        if not torch.isfinite(step.losses).all():
            raise UsageError(f"the loss is {losses[-1]} at step {number}", how="lower the learning rate")
        for name, gradient in step.gradients.items():
            parameters[name].grad = gradient
        factor = learning_rate_share(number, steps, plan.warmup)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = plan.learning_rate * factor
            optimiser.step()
        if progress is not None:
            progress(number, steps)
    return History(tuple(losses), float(torch.cat(norms).median()), time.perf_counter() - started)


def _batches(model: ConvRecognizer, utterances: Utterances, plan: Plan, seed: int) -> Iterator[Batch | None]:
    """What each step sees; None for an empty sample."""
    sample = poisson if plan.clipping.kind == "dp" else shuffled
    order = torch.Generator().manual_seed(seed)
    masks = _generator(seed, "masks")
    for numbers in sample(len(utterances), plan.batch_size, plan.epochs, order):
        if not numbers:
            yield None
            continue
        batch = utterances.batch(numbers).to(device_of(model))
        yield batch if plan.augment is None else spec_augment(batch, plan.augment, model.mean, masks)


def _gradient(model: ConvRecognizer, batch: Batch | None, plan: Plan, noise: torch.Generator) -> Step:
    if batch is None or plan.clipping.kind == "dp":
        return private_step(model, batch, plan.clipping, expected=plan.batch_size, generator=noise)
    return step_gradient(model, batch, plan.clipping)


def _generator(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(int(stream(seed, "lab", name).integers(2**63)))


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
