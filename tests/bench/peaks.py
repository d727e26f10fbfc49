"""Run a module as a program and write down how much memory it took.

    python -m tests.bench.peaks FILE MODULE ARGUMENTS...

FILE becomes a JSON document: ``own``, the peak of this process, and ``child``, that of the largest process
that it started and waited for, both in MiB of resident memory; and ``processor``, the seconds of both.
"""

from __future__ import annotations

import json
import resource
import runpy
import sys
from pathlib import Path


def own_peak() -> float:
    """MiB. Not ru_maxrss where it can be helped: that counts what the parent had when it started us."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(path: str, module: str, arguments: list[str]) -> None:
    """Run, then write, however the module ends."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        peaks = {
            "own": round(own_peak(), 1),
            "child": round(used[1].ru_maxrss / 1024, 1),
            "processor": round(sum(one.ru_utime + one.ru_stime for one in used), 2),
        }
        Path(path).write_text(json.dumps(peaks))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
