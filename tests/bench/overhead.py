"""What `memaudit score` costs beyond a bare loop: time by the number of utterances, and memory by process."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: How many times longer than a bare loop `score` may take.
MOST_TIME = 1.05
#: MiB that one of its processes may take beyond a bare loop's.
MOST_MEMORY = 150.0
#: How many times faster two processes must be, or `OF_CEILING` of what the machine gives two bare loops.
FASTER_WITH_TWO = 1.7
OF_CEILING = 0.95


@dataclass(frozen=True)
class Times:
    """Medians of the runs of one program, in seconds."""

    clock: float
    processor: float

    def over(self, other: Times) -> dict[str, float]:
        """How many times longer than ``other``."""
        return {
            "clock": round(self.clock / other.clock, 3),
            "processor": round(self.processor / other.processor, 3),
        }


def at_once(command: Sequence[str], count: int = 2) -> float:
    """Seconds on the clock until ``count`` processes of one program, started together, have all ended."""
    began = time.perf_counter()
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(count)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError(f"{' '.join(command)} ended with {codes}")
    return time.perf_counter() - began


def ceiling_of_two(bare: Times, together: Sequence[float]) -> float:
    """How many times more two bare loops at once get done than one: what this machine has to give."""
    return round(2 * bare.clock / statistics.median(together), 3)


def wanted_of_two(ceiling: float) -> float:
    """How many times faster `--jobs 2` must be."""
    return min(FASTER_WITH_TWO, round(OF_CEILING * ceiling, 3))


def peaks(module: str, arguments: Sequence[str]) -> dict[str, float]:
    """MiB of a program's process (``own``) and of its largest child; processor seconds of all."""
    with tempfile.TemporaryDirectory(prefix="memaudit-peaks-") as folder:
        found = Path(folder, "peaks.json")
        command = [sys.executable, "-m", "tests.bench.peaks", str(found), module, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        measured: dict[str, float] = json.loads(found.read_text())
        return measured


def memory_over(score: Mapping[str, float], bare: Mapping[str, float]) -> dict[str, float]:
    """MiB of each process of `score`, of a bare loop, and the differences."""
    return {
        "bare": bare["own"],
        "parent": score["own"],
        "child": score["child"],
        "parent_over_bare": round(score["own"] - bare["own"], 1),
        "child_over_bare": round(score["child"] - bare["own"], 1),
    }


def holds_from(score: Mapping[int, float], bare: Mapping[int, float], most: float = MOST_TIME) -> int | None:
    """From how many utterances on `score` takes at most ``most`` times as long as the bare loop.

    Both are taken as a constant and a share an utterance, through the smallest and the largest size:
    a + b n <= most (c + d n).

    Args:
        score: number of utterances -> seconds; two sizes or more.
        bare: the same.
        most: the ratio.

    Returns:
        The least n, 0 for every n; None if for none, since an utterance alone takes longer.
    """
    few, many = min(score), max(score)

    def line(seconds: Mapping[int, float]) -> tuple[float, float]:
        slope = (seconds[many] - seconds[few]) / (many - few)
        return seconds[few] - slope * few, slope

    (a, b), (c, d) = line(score), line(bare)
    if a <= most * c and b <= most * d:
        return 0
    return math.ceil((a - most * c) / (most * d - b)) if b < most * d else None
