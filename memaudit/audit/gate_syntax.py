"""Gates as a user writes them: `METRIC[@REPETITIONS][/SPEEDx] OP NUMBER`."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal

from memaudit.errors import GateError

Operator = Literal["<=", "<", ">=", ">"]
OPERATORS: dict[str, Operator] = {"<=": "<=", "<": "<", ">=": ">=", ">": ">"}

_PATTERN = re.compile(
    r"\s*(?P<metric>[a-z_]+)(?:@(?P<repetitions>[0-9]{1,9}))?(?:/(?P<speed>[0-9]{1,6}(?:\.[0-9]{1,6})?)x)?"
    r"\s*(?P<operator><=|>=|<|>)\s*(?P<bound>[-+]?[0-9.]{1,20}(?:e[-+]?[0-9]{1,3})?)\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Gate:
    """One bound on one figure; None for repetitions or speed until `expand` has filled them in.

    ``written`` is the bound as the user wrote it, so that a gate reads back as it was given.
    """

    metric: str
    repetitions: int | None
    speed: float | None
    operator: Operator
    bound: float
    written: str = field(default="", compare=False)

    def __str__(self) -> str:
        level = "" if self.repetitions is None else f"@{self.repetitions}"
        speed = "" if self.speed is None else f"/{self.speed:g}x"
        return f"{self.metric}{level}{speed} {self.operator} {self.written or f'{self.bound:g}'}"

    @property
    def upper(self) -> bool:
        """Whether the figure must stay below the bound."""
        return self.operator.startswith("<")

    def met_by(self, value: float) -> bool:
        """Whether a figure of that value meets the bound."""
        return {
            "<=": value <= self.bound,
            "<": value < self.bound,
            ">=": value >= self.bound,
            ">": value > self.bound,
        }[self.operator]


def parse_gate(text: str, metrics: Collection[str]) -> Gate:
    """Read one gate.

    Raises:
        GateError: if the text is no gate, or its metric is none of ``metrics``.

    >>> str(parse_gate("accuracy_gap@16/4x<=0.10", ["accuracy_gap"]))
    'accuracy_gap@16/4x <= 0.10'
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise GateError(
            f"{text!r} is no gate",
            how="write METRIC[@REPETITIONS][/SPEEDx] OP NUMBER, such as 'accuracy_gap@16/4x <= 0.10'",
        )
    if found["metric"] not in metrics:
        raise GateError(
            f"{found['metric']!r} is no metric for gates",
            where=f"gate {text!r}",
            how=f"use one of {', '.join(sorted(metrics))}",
        )
    try:
        bound = float(found["bound"])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise GateError(f"{found['bound']!r} is no number", where=f"gate {text!r}", how="give a finite bound")
    repetitions = None if found["repetitions"] is None else int(found["repetitions"])
    speed = None if found["speed"] is None else float(found["speed"])
    return Gate(found["metric"], repetitions, speed, OPERATORS[found["operator"]], bound, found["bound"])


def expand(gate: Gate, levels: dict[float, list[int]]) -> list[Gate]:
    """One gate for each cell that it speaks of: no speed is the fastest, no repetitions is every level.

    Args:
        gate: as written.
        levels: the repetition levels of each speed in the audit.

    Raises:
        GateError: if the audit has no such speed or level.
    """
    speed = max(levels) if gate.speed is None else gate.speed
    if speed not in levels:
        known = ", ".join(f"{item:g}x" for item in sorted(levels))
        raise GateError(f"the kit has no speed {speed:g}x", where=f"gate '{gate}'", how=f"use one of {known}")
    wanted = levels[speed] if gate.repetitions is None else [gate.repetitions]
    for level in wanted:
        if level not in levels[speed]:
            known = ", ".join(str(item) for item in levels[speed])
            raise GateError(
                f"the kit has no canary at {level} repetitions",
                where=f"gate '{gate}'",
                how=f"use one of {known}",
            )
    return [replace(gate, speed=speed, repetitions=level) for level in sorted(wanted, reverse=True)]
