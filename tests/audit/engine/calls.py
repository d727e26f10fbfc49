"""A function for `Engine.call`."""

from __future__ import annotations

import os
import socket
from typing import Any


def rate_and(recognizer: Any, number: int) -> list[int]:
    return [recognizer.sample_rate, number]


def variables(recognizer: Any) -> list[str]:
    """Names of the environment that a model's process has."""
    return sorted(os.environ)


def reaches(recognizer: Any, port: int) -> bool:
    """Whether a model's process can connect to this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def owner(recognizer: Any) -> list[int]:
    """As whom a model's process runs."""
    return [os.getuid(), os.getgid()]


def crash(recognizer: Any) -> None:
    """End the process."""
    os.abort()


def cpu_limit(recognizer: Any) -> list[int]:
    """The limit of CPU time that holds now, in seconds, and what was used."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    return [resource.getrlimit(resource.RLIMIT_CPU)[0], int(used.ru_utime + used.ru_stime)]
