"""The interface of a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Tokens(Protocol):
    """A model's vocabulary: indices 0 to size - 1 are the last axis of its scores."""

    @property
    def size(self) -> int:
        """V, the blank included."""
        ...

    @property
    def blank(self) -> int | None:
        """Index of the blank, or None where the vocabulary has none."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it was read from."""
        ...

    def encode(self, text: str) -> tuple[int, ...]:
        """The indices that spell ``text``; `TokenError` naming the word that cannot be written."""
        ...

    def decode(self, indices: Sequence[int]) -> str:
        """The text that ``indices`` spell; blanks and special tokens write nothing."""
        ...

    def describe(self) -> dict[str, Any]:
        """Its kind, style, size and special tokens, as JSON values."""
        ...


@runtime_checkable
class Remarked(Protocol):
    """A vocabulary that found out what its files do not say."""

    @property
    def inferred(self) -> tuple[str, ...]:
        """What was found out, a sentence each."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes figures less sure, a sentence each."""
        ...


def remarks(tokens: Tokens) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What ``tokens`` found out and warns of, for `ModelInfo.inferred` and `ModelInfo.warnings`."""
    return (tokens.inferred, tokens.warnings) if isinstance(tokens, Remarked) else ((), ())


class TokenTable(Protocol):
    """A validated [tokens] table."""

    def load(self, folder: Path, *, where: str) -> Tokens:
        """Read the vocabulary; file names are relative to ``folder``, ``where`` is the file of the table."""
        ...
