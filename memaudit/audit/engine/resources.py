"""What is asked of a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """A Ray cluster and what an actor takes of it.

    Attributes:
        address: "auto" for the one that RAY_ADDRESS names or that runs on this machine.
        cpus: how many an actor takes.
        gpus: likewise; parts of one are possible.
    """

    address: str = "auto"
    cpus: float = 1.0
    gpus: float = 0.0
