"""One parser over mutated inputs: what it raised that is no documented error, and what it cost."""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from memaudit.errors import MemauditError
from tests.fuzz.mutate import Mutator
from tests.fuzz.parser import Parser

HANG = 60.0
"""Seconds for one input after which it counts as a hang."""

LONGEST_MESSAGE = 20_000
"""Characters of an error's line: more would drown a terminal."""


class Hang(BaseException):
    """An input took longer than `HANG`."""


@dataclass
class Outcome:
    """What one parser did.

    Attributes:
        name: the parser's.
        inputs: how many it was given.
        taken: how many it read without an error.
        faults: where it raised what -> how often and the first such input, as hexadecimal digits.
        slowest: seconds of the dearest input.
        megabytes: growth of the process's peak memory.
    """

    name: str
    inputs: int = 0
    taken: int = 0
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)
    slowest: float = 0.0
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def undocumented(self) -> int:
        """How many inputs raised something that is no documented error."""
        return sum(count for count, _ in self.faults.values())

    def document(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "undocumented": self.undocumented}


def fault(parse: Any, data: bytes) -> str | None:
    """Give ``parse`` an input: None where all is well, else what it raised and where."""
    try:
        parse(data)
    except MemauditError as error:
        text = str(error)
        well = text and "\n" not in text and len(text) <= LONGEST_MESSAGE
        return None if well else f"message of {len(text)} characters from {_place(error)}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - panics of Rust libraries and exits are no Exception
        return f"{type(error).__name__}: {str(error)[:80]!r} at {_place(error)}"
    return None


def run(parser: Parser, inputs: int, seed: int) -> Outcome:
    """Run the seeds, then ``inputs`` mutations of them."""
    outcome = Outcome(parser.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="memaudit-fuzz-") as folder, _limited():
        target = parser.prepare(Path(folder))
        mutator = Mutator(target.seeds, parser.words, seed)
        for number in range(inputs):
            data = target.seeds[number] if number < len(target.seeds) else mutator.draw()
            begun = time.perf_counter()
            found = _timed(target.parse, data)
            outcome.slowest = max(outcome.slowest, time.perf_counter() - begun)
            outcome.inputs += 1
            if found is not None:
                count, first = outcome.faults.get(found, (0, data.hex()[:20_000]))
                outcome.faults[found] = (count + 1, first)
    outcome.seconds = time.perf_counter() - start
    outcome.megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return outcome


def _timed(parse: Any, data: bytes) -> str | None:
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        return fault(parse, data)
    except Hang:
        return "hang"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _limited() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.signal(signal.SIGALRM, before)


def _place(error: BaseException) -> str:
    """The last place inside memaudit."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/memaudit/" in frame.filename] or frames
    last = own[-1]
    return f"{'/'.join(Path(last.filename).parts[-3:])}:{last.lineno}"


def limit_memory(gigabytes: int) -> None:
    """Let this process have so much address space: what wants more gets a MemoryError, which is a fault."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (gigabytes << 30, gigabytes << 30))
