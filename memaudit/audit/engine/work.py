"""What goes into an engine and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from memaudit.models.recognizer import ModelInfo, Recognition


@dataclass(frozen=True, slots=True)
class Item:
    """One recording to be heard.

    Attributes:
        id: what the result is joined by; of one run every id is different.
        audio: path of a WAV or FLAC file, of any sample rate.
        reference: the text whose loss is wanted, or None.
    """

    id: str
    audio: str
    reference: str | None = None


#: Stands where a failure came without words.
NO_REASON = "the model gave nothing"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one recording gave; ``rate`` is its file's in Hz, before it was brought to the model's.

    ``rate`` is 0 where the recording was read by another program, which alone knows, and where it failed.
    Either ``recognition`` is there, or ``failed`` says in a clause why the model gave none: it raised, or its
    process crashed, was ended by a limit, or did not come back. Never is the one made up for the other.
    """

    id: str
    recognition: Recognition | None
    rate: int
    failed: str | None = None


class Engine(Protocol):
    """A loaded model that hears recordings. Use it as a context: leaving it ends what it has started."""

    @property
    def info(self) -> ModelInfo:
        """What was loaded; the error of loading it, where that failed."""
        ...

    @property
    def sample_rate(self) -> int | None:
        """The rate in Hz that the model hears at; None where it takes files as they are."""
        ...

    @property
    def unit(self) -> int | None:
        """How many recordings are heard together, in the order in which they are given; None: all of them."""
        ...

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """Begin to hear ``items``; take what is done from the iterator, in any order, each id once.

        Finish one run before you begin another.

        Raises:
            AudioError, TokenError, ModelError: from the iterator, naming the recording that failed.
        """
        ...

    def call(self, function: str, *arguments: Any) -> Any:
        """``function(recognizer, *arguments)`` where the model is loaded.

        Args:
            function: "module:name" of a function of memaudit.
            arguments: JSON values, as is what the function returns.

        Raises:
            UsageError: if the engine has no recogniser, only a program's answers.
            MemauditError: as the function does.
        """
        ...

    def close(self) -> None:
        """End what was started."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
