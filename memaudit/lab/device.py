"""Where a recogniser is trained and read with: a GPU where there is one, else the CPU with fixed threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Threads of torch on the CPU, whatever the machine has: sums over another number of parts are other sums,
#: and on a busy machine two threads that wait for each other are slower than one.
THREADS = 1


def best_device() -> torch.device:
    """The first CUDA GPU where torch finds one, else the CPU.

    ``model.to(best_device())`` is all that it takes: training, step times and reading run where the model is.
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_of(model: torch.nn.Module) -> torch.device:
    """Where a model's parameters are."""
    return next(model.parameters()).device


@contextmanager
def fixed_threads(threads: int = THREADS) -> Iterator[None]:
    """Run torch with that many threads, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
