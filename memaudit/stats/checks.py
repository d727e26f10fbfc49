"""What every statistic asks of its input, refused in one clear line."""

from __future__ import annotations

import math
from operator import index

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memaudit.errors import MemauditError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class StatisticError(MemauditError, ValueError):
    """Numbers that a statistic is not defined for."""


def vector(values: ArrayLike, name: str, *, least: int = 1, finite: bool = True) -> Floats:
    """One row of at least `least` numbers, none of them NaN; infinities only where `finite` is false."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise StatisticError(f"has {array.ndim} dimensions", where=name, how="give one row of numbers")
    if array.size < least:
        raise StatisticError(f"has {array.size} values", where=name, how=f"give at least {least}")
    wrong = ~np.isfinite(array) if finite else np.isnan(array)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise StatisticError(f"value {at} is {array[at]}", where=name, how="leave out or mend that canary")
    return array


def bounded(values: ArrayLike, name: str, bounds: tuple[float, float], *, least: int = 1) -> Floats:
    """A vector whose values all lie in the closed interval `bounds`."""
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise StatisticError(
            f"bounds {bounds} are no interval", where=name, how="give (low, high), low < high"
        )
    array = vector(values, name, least=least)
    outside = (array < low) | (array > high)
    if outside.any():
        at = int(np.argmax(outside))
        raise StatisticError(
            f"value {at} is {array[at]}, outside {low} to {high}", where=name, how="give bounds that hold it"
        )
    return array


def average(values: Floats) -> float:
    """Mean, rounded once: it does not depend on the order of the values."""
    return math.fsum(values.tolist()) / values.size


def same_length(first: NDArray[np.generic], second: NDArray[np.generic], names: str) -> None:
    """Refuse two vectors that do not describe the same canaries."""
    if first.shape != second.shape:
        raise StatisticError(
            f"{first.size} values against {second.size}", where=names, how="give one value a canary in each"
        )


def flags(values: ArrayLike, name: str) -> Bools:
    """One row of true and false."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != np.bool_:
        raise StatisticError(
            f"is {array.dtype} in {array.ndim} dimensions", where=name, how="give one row of booleans"
        )
    return array


def labels(values: ArrayLike, name: str) -> Ints:
    """One row of group labels, renumbered 0, 1, ... in sorted order."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise StatisticError(f"has {array.ndim} dimensions", where=name, how="give one label a canary")
    if array.dtype.kind not in "biuUS":
        raise StatisticError(f"labels are {array.dtype}", where=name, how="give whole numbers or strings")
    return np.unique(array, return_inverse=True)[1].astype(np.int64)


def count(value: int, name: str, *, least: int = 0, most: int | None = None) -> int:
    """A whole number within limits."""
    try:
        number = index(value)
    except TypeError as error:
        raise StatisticError(f"{value!r} is no whole number", where=name, how="give a count") from error
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"{least} to {most}"
        raise StatisticError(f"is {number}", where=name, how=f"give {limits}")
    return number


def share(value: float, name: str) -> float:
    """A number strictly between 0 and 1: a confidence, a level, a wanted power."""
    if not 0.0 < value < 1.0:
        raise StatisticError(f"is {value}", where=name, how="give a number between 0 and 1, both left out")
    return float(value)
