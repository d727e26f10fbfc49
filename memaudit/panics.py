"""Panics of libraries in Rust, which are no `Exception` and would end the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Raise a library's panic as a RuntimeError.

    Raises:
        RuntimeError: for a panic; other exceptions pass.
    """
    try:
        yield
    except BaseException as error:  # pyo3's PanicException cannot be imported
        if type(error).__name__ == "PanicException":
            raise RuntimeError(f"the library failed on it: {error}") from error
        raise
