"""The case of a model's letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Case = Literal["keep", "lower", "upper"]


def cased(text: str, case: Case) -> str:
    """``text`` in the case of the model's letters."""
    return text if case == "keep" else text.lower() if case == "lower" else text.upper()


def case_of(symbols: Iterable[str]) -> Case:
    """ "upper" or "lower" where every letter of ``symbols`` that has a case has that one, else "keep"."""
    letters = "".join(symbols)
    upper = any(letter != letter.lower() for letter in letters)
    lower = any(letter != letter.upper() for letter in letters)
    return "keep" if upper == lower else "upper" if upper else "lower"
