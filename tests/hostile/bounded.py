"""Running a piece of code in a process of bounded memory, as a hostile file would like to break out of."""

from __future__ import annotations

import subprocess
import sys

_HEAD = """
import resource, sys
import numpy, soundfile, memaudit.kit.audio, memaudit.kit.manifests.registry, memaudit.kit.store
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv[1]) << 20),) * 2)
from memaudit.errors import MemauditError
try:
    exec(compile(sys.argv[2], "attempt", "exec"))
except MemauditError as error:
    print("refused:", error)
else:
    print("taken")
"""


def attempt(code: str, megabytes: int) -> str:
    """What ``code`` comes to with so much more memory than the imports take: "refused: ..." or "taken".

    A crash, a MemoryError or anything else undocumented fails.
    """
    command = [sys.executable, "-c", _HEAD, str(megabytes), code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
