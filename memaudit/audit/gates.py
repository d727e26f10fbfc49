"""Gates: passed, failed or inconclusive, from the interval of each figure.

All gates of an audit are one family. A gate fails on a limit at the error 5 % divided by the number of
gates (Bonferroni), so that a model that meets every bound fails in at most 5 % of audits. It passes on a
limit at 5 %: an audit passes only where every gate passes, and the intersection-union test (Berger 1982)
needs no correction for that, so that a model that breaks some bound passes in at most 5 % of audits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from memaudit.audit.gate_syntax import Gate, expand, parse_gate
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import GateResult
from memaudit.audit.sheet import Flags, Sheet
from memaudit.stats.interval import Interval

DEFAULT_POLICY = ("accuracy_gap <= 0.10",)
"""Gated where the user names no gate: the fastest speed, every repetition level."""

ERROR = 0.05
"""Chance of a false failure, and of a false pass, over all gates together."""

LARGEST = 1_000_000
"""Pairs a cell beyond which no kit is worth naming."""


def evaluate(texts: Iterable[str], sheets: dict[float, Sheet]) -> list[GateResult]:
    """Read gates, spread each over the cells that it speaks of, and decide them as one family.

    Raises:
        GateError: if a gate cannot be read or asks for a cell that the audit does not have.
    """
    levels = {speed: sheet.levels() for speed, sheet in sheets.items()}
    gates = [cell for text in texts for cell in expand(parse_gate(text, METRICS), levels)]
    unique = list(dict.fromkeys(gates))
    return [_decide(gate, sheets, len(unique)) for gate in unique]


def _decide(gate: Gate, sheets: dict[float, Sheet], family: int) -> GateResult:
    if gate.speed is None or gate.repetitions is None:
        raise TypeError(f"gate {gate} was not expanded")
    sheet = sheets[gate.speed]
    inserted, held_out = sheet.cell(gate.repetitions), ~sheet.inserted
    metric = METRICS[gate.metric]
    limits = _limits(gate, sheet, inserted, held_out, family)
    base = GateResult(
        gate=str(gate),
        metric=gate.metric,
        repetitions=gate.repetitions,
        speed=gate.speed,
        status="inconclusive",
        estimate=None,
        low=None,
        high=None,
        bound=gate.bound,
        reason="this kit cannot give the figure",
    )
    if limits is None:
        return base
    found = {
        "estimate": limits.estimate,
        "low": limits.low if np.isfinite(limits.low) else None,
        "high": limits.high if np.isfinite(limits.high) else None,
    }
    if fails(gate, limits):
        reason = (
            "the lower bound breaks the gate" if metric.lower_only else "the whole interval breaks the bound"
        )
        return base.model_copy(update={**found, "status": "failed", "reason": reason})
    if passes(gate, limits):
        reason = "the whole interval meets the bound"
        return base.model_copy(update={**found, "status": "passed", "reason": reason})
    if metric.lower_only:
        reason = "a lower bound can fail this gate and never pass it"
        return base.model_copy(update={**found, "reason": reason})
    needed = _needed(gate, limits, int(inserted.sum()))
    reason = "the interval contains the bound"
    if needed is not None:
        reason += (
            f"; about {needed} pairs a cell with such scores would decide it in half of all audits or more"
        )
    return base.model_copy(update={**found, "reason": reason, "needed": needed})


def confidences(family: int) -> tuple[float, float]:
    """Two-sided confidences of the intervals on which one of so many gates fails and passes."""
    return 1.0 - 2.0 * ERROR / family, 1.0 - 2.0 * ERROR


def fails(gate: Gate, limits: Interval) -> bool:
    """Whether the whole interval breaks the bound."""
    return not gate.met_by(limits.low if gate.upper else limits.high)


def passes(gate: Gate, limits: Interval) -> bool:
    """Whether the whole interval meets the bound, and the figure is one that can show that."""
    met = gate.met_by(limits.high if gate.upper else limits.low)
    return met and not METRICS[gate.metric].lower_only


def _limits(gate: Gate, sheet: Sheet, inserted: Flags, held_out: Flags, family: int) -> Interval | None:
    """The two limits that decide: the failing one at ERROR / family, the passing one at ERROR."""
    measure = METRICS[gate.metric].measure
    failing, passing = (measure(sheet, inserted, held_out, level) for level in confidences(family))
    if failing is None or passing is None:
        return None
    low, high = (failing.low, passing.high) if gate.upper else (passing.low, failing.high)
    # A figure that is a bound itself has a larger value where it may err more.
    estimate = min(max(failing.estimate, low), high)
    return Interval(estimate, low, high, 1.0 - ERROR)


def _needed(gate: Gate, limits: Interval, inserted: int) -> int | None:
    """With how many pairs a cell, held-out canaries growing alike, half of audits or more decide the gate.

    An estimate, for a model whose figure is what this audit found, from the distance of estimate and limit,
    which shrinks with the square root of the number (or faster, where few canaries let the range of the
    figure decide). With so many pairs the limit lies on the bound in the middle of its scatter: in
    simulations 46 to 88 % of audits decide, with canaries drawn from the first one's scores. Where the true
    figure lies nearer the bound than the estimate, fewer do. None where the estimate lies so near the bound
    that no feasible kit decides it.
    """
    meets = gate.met_by(limits.estimate)
    limit = limits.high if meets == gate.upper else limits.low
    distance = abs(gate.bound - limits.estimate)
    if distance == 0.0:
        return None
    needed = math.ceil(inserted * ((limit - limits.estimate) / distance) ** 2) + 1
    return needed if needed <= LARGEST else None
