"""What keeps a model in bounds on this machine: each is tried, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from typing import Literal

from memaudit.audit.engine.environment import environment
from memaudit.audit.engine.process import python

#: MiB that the trial may have, and MiB that it asks for.
_ALLOWED, _WANTED = 512, 1024
#: Seconds that a trial may take.
_PATIENCE = 60.0

_NETWORK = """
import socket, sys
from memaudit.audit.engine.confine import drop_network
if not drop_network():
    sys.exit(3)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    try:
        probe.connect(("192.0.2.1", 9))  # for documentation, RFC 5737: nothing is sent
    except OSError:
        sys.exit(0)
sys.exit(4)
"""
_MEMORY = f"""
import sys
from memaudit.audit.engine.confine import limit_memory
if not limit_memory({_ALLOWED}):
    sys.exit(3)
try:
    held = bytearray({_WANTED} << 20)
except MemoryError:
    sys.exit(0)
sys.exit(4)
"""
_BUSY = "print(flush=True)\nwhile True: pass"

Found = tuple[Literal["ok", "absent"], str, str]
"""Status, what was found, what to do where it does not hold."""


def network() -> Found:
    """Whether the process of a model file loses the network."""
    if _tried(_NETWORK) == 0:
        return "ok", "the process of a model file is in a network namespace with nothing in it", ""
    return (
        "absent",
        "the process of a model file keeps the network: no network namespace can be made here",
        "on Linux allow user namespaces, or score models of others in a container without network",
    )


def memory() -> Found:
    """Whether ``--max-memory`` holds."""
    if _tried(_MEMORY) == 0:
        return "ok", "--max-memory is held by the kernel (RLIMIT_DATA), and what is resident is watched", ""
    return "absent", "--max-memory is not held here", "limit the memory of a container or a job instead"


def timeout() -> Found:
    """Whether a process that heeds nothing can be ended."""
    with subprocess.Popen(python(_BUSY), stdout=subprocess.PIPE) as busy:  # noqa: S603
        if busy.stdout is not None:
            busy.stdout.readline()
        busy.kill()
        busy.wait(_PATIENCE)
    if os.name == "nt":
        return "ok", "--timeout is held, of wall time; there is no limit of CPU time here", ""
    return "ok", "--timeout is held, of wall time; RLIMIT_CPU ends a process that nobody looks after", ""


def variables() -> Found:
    """What the process is given of the environment."""
    given = environment()
    return (
        "ok",
        f"{len(given)} of {len(os.environ)} environment variables go to the model's process, none of them "
        "named like a secret; files are not kept from it",
        "",
    )


def _tried(code: str) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603
            python(code), stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode
