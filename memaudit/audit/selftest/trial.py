"""One promise and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["published", "computed twice", "simulated"]


@dataclass(frozen=True)
class Trial:
    """A figure beside the one that was promised.

    Attributes:
        kind: "published": a value that somebody else gave; "computed twice": one that follows from the
            definition in another, slower way; "simulated": a rate over random audits.
        name: what was measured.
        source: who gave the value, what the other way is, or what promises the rate.
        promised: the value, or what the rate may be.
        measured: the figure.
        low: the least that agrees with the promise.
        high: the most.
    """

    kind: Kind
    name: str
    source: str
    promised: str
    measured: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Whether the figure agrees with the promise."""
        return self.low <= self.measured <= self.high


Trials = Callable[[], Iterator[Trial]]


def published(name: str, source: str, value: float, measured: float, decimals: int) -> Trial:
    """A figure that must agree with a published one to its last decimal, whether that was rounded or cut."""
    margin = 10.0**-decimals - 1e-9
    return Trial("published", name, source, f"{value:.{decimals}f}", measured, value - margin, value + margin)


def twice(name: str, source: str, other: float, measured: float) -> Trial:
    """A figure that must agree with one computed in another way, but for rounding."""
    margin = 1e-9 * max(1.0, abs(other))
    return Trial("computed twice", name, source, f"{other:.8g}", measured, other - margin, other + margin)


def at_most(name: str, source: str, level: float, hits: int, trials: int) -> Trial:
    """A rate that may be at most ``level``: refused beyond three standard errors of so many trials."""
    margin = 3.0 * (level * (1.0 - level) / trials) ** 0.5
    promised = f"at most {level:.1%} of {trials}"
    return Trial("simulated", name, source, promised, hits / trials, 0.0, level + margin)
