"""Figures of a study in words."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.lab.study_results import Figure


def number(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """A figure, without a minus before zero.

    >>> number(-0.001), number(0.5, signed=True)
    ('0.00', '+0.50')
    """
    return f"{value:{'+' if signed else ''}z.{digits}f}"


def mean_range(
    values: Sequence[float], digits: int = 2, *, signed: bool = False, mean: float | None = None
) -> str:
    """A mean over seeds with the least and the largest, which are left out where they print alike.

    >>> mean_range([0.1, 0.3]), mean_range([0.2])
    ('0.20 (0.10 to 0.30)', '0.20')
    """
    middle = sum(values) / len(values) if mean is None else mean
    texts = [number(value, digits, signed=signed) for value in (middle, min(values), max(values))]
    return texts[0] if texts[1] == texts[2] else f"{texts[0]} ({texts[1]} to {texts[2]})"


def ranged(figure: Figure, digits: int = 2, *, signed: bool = False) -> str:
    """`mean_range` of a figure over seeds."""
    return mean_range([figure.low, figure.high], digits, signed=signed, mean=figure.estimate)


def signed(figure: Figure) -> str:
    """A difference with its 95 % interval.

    >>> signed(Figure(0.5, 0.25, 0.75))
    '+0.50 (+0.25, +0.75)'
    """
    low, high = (number(value, signed=True) for value in figure[1:])
    return f"{number(figure.estimate, signed=True)} ({low}, {high})"
