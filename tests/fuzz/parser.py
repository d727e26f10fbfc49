"""What a parser is to the fuzzer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A parser made ready in a scratch folder.

    Attributes:
        seeds: inputs that it takes, from which mutations start.
        parse: reads one input; whatever it raises is judged by `tests.fuzz.run`.
    """

    seeds: tuple[bytes, ...]
    parse: Callable[[bytes], object]


@dataclass(frozen=True)
class Parser:
    """A parser of the package.

    Attributes:
        name: how the table calls it.
        covers: the modules of memaudit whose reading it goes through.
        prepare: makes it ready in an empty folder.
        words: pieces of text that mean something to it, for mutations.
        cost: how many times dearer one input is than a line of JSON: so many times fewer are run.
    """

    name: str
    covers: tuple[str, ...]
    prepare: Callable[[Path], Target]
    words: tuple[bytes, ...] = ()
    cost: int = 1


def file_target(path: Path, seeds: list[bytes], read: Callable[[Path], object]) -> Target:
    """A parser of one file, which lies at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def parse(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return Target(tuple(seeds), parse)
