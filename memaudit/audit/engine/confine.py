"""What a process does to itself before it loads a model: no network, so much memory, so much CPU time.

The limits are the kernel's, so that native code keeps to them as well:

- Network: a network namespace of its own, which has nothing in it, not even a loopback that is up (Linux, as
  root or where user namespaces are open to everybody; namespaces(7), user_namespaces(7)).
- Memory: RLIMIT_DATA (Linux; getrlimit(2)): heap, and private memory that can be written. Not RLIMIT_AS,
  which counts addresses: runtimes and drivers reserve many times what they use. What it does not count, such
  as files that are mapped, is seen by `memaudit.audit.engine.watch`, from outside.
- CPU time: RLIMIT_CPU (Linux, macOS), moved on before each recording. It only matters where nobody is left to
  look at the clock: a process whose parent was killed cannot go on for ever.

macOS takes limits of memory without keeping them, and Windows has none of the three: nothing is set there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

#: <linux/sched.h>
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
LINUX = sys.platform.startswith("linux")


def drop_network() -> bool:
    """Leave the network for good; False where that is not possible. Before there is a second thread."""
    if not LINUX:
        return False
    user, group = os.getuid(), os.getgid()
    if _unshare(_NEW_NETWORK):
        return True
    if not _unshare(_NEW_USER | _NEW_NETWORK):
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with suppress(OSError):  # then it is nobody, with the rights to files that it had
            Path("/proc/self", name).write_text(text, encoding="ascii")
    return True


def limit_memory(mebibytes: int) -> bool:
    """Let this process have so much memory; False where the platform does not hold it."""
    if not LINUX:
        return False
    import resource

    size = mebibytes << 20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    return True


def allow_cpu(seconds: float | None) -> bool:
    """Let this process use so many seconds more, on every core; None: as many as it likes."""
    if seconds is None or os.name == "nt":
        return False
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(allowed) if hard == resource.RLIM_INFINITY else min(int(allowed), hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    return True


def resident(pid: int) -> int | None:
    """The MiB of memory that a process has in use; None where this cannot be seen."""
    if not LINUX:
        return None
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def launch(words: Sequence[str], max_memory: int | None, *, network: bool) -> NoReturn:
    """Become another program, which keeps what was given up here.

    Raises:
        OSError: if it cannot be started.
    """
    if not network and not drop_network():
        sys.exit("the network cannot be dropped here")
    if max_memory is not None and not limit_memory(max_memory):
        sys.exit("no limit of memory is held here")
    os.execv(words[0], list(words))  # noqa: S606 - the user's own program


def _unshare(flags: int) -> bool:
    unshare = getattr(os, "unshare", None)  # from Python 3.12
    if unshare is not None:
        try:
            unshare(flags)
        except OSError:
            return False
        return True
    import ctypes

    try:
        return bool(ctypes.CDLL(None).unshare(flags) == 0)
    except (OSError, AttributeError):
        return False
