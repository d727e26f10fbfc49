"""What each kind of clipping costs in time a step."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from memaudit.errors import UsageError
from memaudit.lab.clipping import Clipping, step_gradient
from memaudit.lab.device import device_of
from memaudit.lab.private_step import private_step
from memaudit.lab.recognizer import ConvRecognizer
from memaudit.lab.utterances import Utterances

#: What is compared where nothing else is asked for.
KINDS: dict[str, Clipping] = {
    "none": Clipping(),
    "example": Clipping("example", bound=1.0),
    "core": Clipping("core", bound=1.0, cores=4),
    "adaptive": Clipping("adaptive", cores=4),
    "dp": Clipping("dp", bound=1.0, noise_multiplier=1.0),
}


@dataclass(frozen=True)
class StepTime:
    """Seconds of a step: the median, and the median of its ratios to the first kind on the same batch."""

    name: str
    seconds: float
    ratio: float


def measure_steps(
    model: ConvRecognizer,
    utterances: Utterances,
    kinds: Mapping[str, Clipping] | None = None,
    *,
    batch_size: int = 16,
    rounds: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[StepTime, ...]:
    """Time a step (forward, backward, clipping, SGD) of each kind, where the model is.

    Every round draws a batch and takes a step of every kind with it, one after the other, so that whatever
    else the machine does slows all of them; a first round is not counted. The steps are taken by a copy.

    Args:
        model: whose steps.
        utterances: what batches are drawn from.
        kinds: name -> clipping; the first is what the others are compared with. `KINDS` if not given.
        batch_size: utterances a step, in a fixed number for "dp" too.
        rounds: how many are counted.
        seed: draws the batches.
        progress: called with the number of rounds done and their total.

    Raises:
        UsageError: if there are fewer utterances than a batch, or no rounds.
    """
    if len(utterances) < batch_size or rounds < 1:
        raise UsageError(f"{len(utterances)} utterances, batches of {batch_size} and {rounds} rounds")
    chosen = dict(KINDS if kinds is None else kinds)
    generator = torch.Generator().manual_seed(seed)
    times: dict[str, list[float]] = {name: [] for name in chosen}
    runner = copy.deepcopy(model)
    optimiser = torch.optim.SGD(runner.parameters(), lr=0.0, momentum=0.9)
    for number in range(rounds + 1):
        numbers = torch.randperm(len(utterances), generator=generator)[:batch_size].tolist()
        for name, clipping in chosen.items():
            seconds = _one(runner, optimiser, utterances, numbers, clipping, generator)
            if number:
                times[name].append(seconds)
        if progress is not None:
            progress(number, rounds)
    base = next(iter(times.values()))
    return tuple(
        StepTime(
            name,
            statistics.median(found),
            statistics.median(mine / other for mine, other in zip(found, base, strict=True)),
        )
        for name, found in times.items()
    )


def _one(
    model: ConvRecognizer,
    optimiser: torch.optim.Optimizer,
    utterances: Utterances,
    numbers: list[int],
    clipping: Clipping,
    generator: torch.Generator,
) -> float:
    device = device_of(model)
    _wait(device)
    started = time.perf_counter()
    batch = utterances.batch(numbers).to(device)
    if clipping.kind == "dp":
        step = private_step(model, batch, clipping, expected=len(batch), generator=generator)
    else:
        step = step_gradient(model, batch, clipping)
    for name, parameter in model.named_parameters():
        parameter.grad = step.gradients[name]
    optimiser.step()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
