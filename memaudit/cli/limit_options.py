"""Options on what the process that runs a model may use."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from memaudit.audit.engine.limits import TIMEOUT, Limits
from memaudit.cli.options import GateOption

Function = TypeVar("Function", bound=Callable[..., Any])


def limit_options(function: Function) -> Function:
    """Add the options to a command, which gets them as ``limits: Limits``."""

    @click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="An utterance that takes longer is marked failed, and the model's process is started again. "
        "0: no limit.",
    )
    @click.option(
        "--max-memory",
        type=click.IntRange(min=1),
        metavar="MIB",
        help="Memory of a process that runs the model (Linux; see memaudit doctor). Default: no limit.",
    )
    @click.option(
        "--env",
        cls=GateOption,
        multiple=True,
        metavar="NAME",
        help="An environment variable that the model's process is given beside the usual ones, which are no "
        "secrets; may be given again.",
    )
    @click.option(
        "--network/--no-network",
        default=None,
        help="Whether the model's process keeps the network. Default: a Python function or program does, a "
        "model file does not where the system can take it away (see memaudit doctor).",
    )
    @functools.wraps(function)
    def wrapped(
        *args: Any,
        timeout: float,
        max_memory: int | None,
        env: tuple[str, ...],
        network: bool | None,
        **kwargs: Any,
    ) -> Any:
        limits = Limits(timeout=timeout or None, max_memory=max_memory, network=network, env=tuple(env))
        return function(*args, limits=limits, **kwargs)

    return wrapped  # type: ignore[return-value]
