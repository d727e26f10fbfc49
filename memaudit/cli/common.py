"""What every command shares: --json, --quiet, -v, and where its words go."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import category

import click

from memaudit.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Function = TypeVar("Function", bound=Callable[..., Any])
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Output:
    """Results to stdout, progress and logs to stderr."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    def show(self, renderable: RenderableType) -> None:
        """Print a result for people; nothing under --json."""
        if not self.as_json:
            _console(stderr=False).print(renderable)

    def line(self, text: str) -> None:
        """Print one line of a result for people, never broken: a path, a digest."""
        if not self.as_json:
            click.echo(printable(text, keep="\n"))

    def document(self, value: Any) -> None:
        """Print the result for machines; nothing without --json."""
        if self.as_json:
            click.echo(_escaped(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)))

    def note(self, text: str) -> None:
        """A line about what goes on, on stderr; nothing under --quiet."""
        if not self.quiet:
            _console(stderr=True).print(
                printable(text, keep="\n"), markup=False, highlight=False, soft_wrap=True
            )

    def detail(self, text: str) -> None:
        """A line for those who asked for -v, on stderr."""
        if self.verbose and not self.quiet:
            self.note(text)

    @contextmanager
    def progress(self, description: str) -> Iterator[Progress]:
        """A bar with the time left, on stderr, where that is a terminal: call it with (done, total)."""
        if self.quiet or not sys.stderr.isatty():
            yield _no_progress
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=_console(stderr=True), transient=True) as bar:
            task = bar.add_task(description, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _escaped(text: str) -> str:
    """JSON that means the same, with what could steer a terminal as JSON's own escapes."""
    if text.isascii():  # json.dumps has escaped what is below the space
        return text.replace("\x7f", "\\u007f")
    return "".join(c if c == "\n" or category(c)[0] != "C" else json.dumps(c)[1:-1] for c in text)


def _no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    # rich itself honours NO_COLOR and drops colour where the stream is no terminal.
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def shared_options(function: Function) -> Function:
    """Add --json, --quiet and -v to a command, which gets them as ``output: Output``."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress and no notes on stderr.")
    @click.option("-v", "--verbose", is_flag=True, help="More notes on stderr.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: bool, **kwargs: Any) -> Any:
        output = Output(as_json=as_json, quiet=quiet, verbose=verbose)
        return function(*args, output=output, **kwargs)

    return wrapped  # type: ignore[return-value]
