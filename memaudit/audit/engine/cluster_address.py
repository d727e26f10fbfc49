"""Finding a Ray cluster."""

from __future__ import annotations

import logging
import os
import re
import socket
from importlib import import_module
from typing import Any

from memaudit.errors import MissingExtraError, UsageError


def joined(address: str) -> Any:
    """Ray's module, connected to the cluster at ``address``; "auto": see `Resources`.

    Raises:
        MissingExtraError: if Ray is not installed.
        UsageError: if there is no cluster.
    """
    try:
        ray: Any = import_module("ray")  # without types, so that these are checked alike without Ray
    except ImportError as error:
        raise MissingExtraError("--engine ray", "ray") from error
    try:
        _reached(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise UsageError(
            f"there is no Ray cluster ({' '.join(str(error).split())[:200]})",
            where=f"--ray-address {address}",
            how="start one with ray start --head, or give its address",
        ) from error
    return ray


def _reached(address: str) -> None:
    """Ray itself tries for minutes to reach an address where nobody is.

    Raises:
        OSError: if nobody is there.
    """
    named = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    match = re.fullmatch(r"(?:ray://)?\[?([^\[\]/]+)\]?:(\d+)", named)
    if match is not None:
        socket.create_connection((match[1], int(match[2])), timeout=10).close()
