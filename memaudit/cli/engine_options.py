"""Options on where the model runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from memaudit.audit.engine.resources import Resources
from memaudit.errors import UsageError

Function = TypeVar("Function", bound=Callable[..., Any])


def engine_options(function: Function) -> Function:
    """Add the options to a command, which gets ``cluster: Resources | None``; None: this machine."""

    @click.option(
        "--engine",
        type=click.Choice(["processes", "ray"]),
        default="processes",
        show_default=True,
        help="Where the model runs: in --jobs processes here, or in --jobs actors on a Ray cluster (extra "
        "ray), whose nodes have kit and model at the same paths or get them from URLs.",
    )
    @click.option(
        "--ray-address",
        metavar="ADDRESS",
        help="The cluster. Default: the one that RAY_ADDRESS names, or that runs on this machine.",
    )
    @click.option("--ray-num-cpus", type=click.FloatRange(min=0), help="CPUs that an actor takes; default 1.")
    @click.option("--ray-num-gpus", type=click.FloatRange(min=0), help="GPUs that an actor takes; default 0.")
    @functools.wraps(function)
    def wrapped(
        *args: Any,
        engine: str,
        ray_address: str | None,
        ray_num_cpus: float | None,
        ray_num_gpus: float | None,
        **kwargs: Any,
    ) -> Any:
        if engine != "ray":
            if (ray_address, ray_num_cpus, ray_num_gpus) != (None, None, None):
                raise UsageError("--ray-address, --ray-num-cpus and --ray-num-gpus need --engine ray")
            return function(*args, cluster=None, **kwargs)
        usual = Resources()
        cluster = Resources(
            ray_address or usual.address,
            usual.cpus if ray_num_cpus is None else ray_num_cpus,
            usual.gpus if ray_num_gpus is None else ray_num_gpus,
        )
        return function(*args, cluster=cluster, **kwargs)

    return wrapped  # type: ignore[return-value]
