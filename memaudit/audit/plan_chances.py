"""How often gates fail a leak and pass a clean model: computed for the accuracy gap, else simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from memaudit.audit.gate_syntax import Gate
from memaudit.audit.gates import confidences, fails, passes
from memaudit.audit.metrics import METRICS
from memaudit.audit.plan_audits import PaperAudits
from memaudit.audit.plan_odds import GapOdds
from memaudit.audit.sheet import Sheet
from memaudit.stats.binomial import binomial_interval
from memaudit.stats.interval import Interval
from memaudit.stats.rank_weights import coarse_limits

AUDITS = 100
"""Audits that are simulated, of the leak and of the clean model each: chances are then right to 10 points."""

DRAWS = 4_000
"""Random weights behind the limits of rank statistics here, for speed; audits take more."""

SEED = 20_190_822
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Chance:
    """A chance; where it was simulated ``low`` to ``high`` is its 95 % Monte Carlo interval, else null."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class GateChances:
    """What one gate does: ``fails`` with the leak, ``passes`` with a model that memorised nothing.

    The leak is in this gate's cell; what is in other cells does not matter to it.
    """

    gate: str
    fails: Chance
    passes: Chance


@dataclass(frozen=True, slots=True)
class PolicyChances:
    """What all gates do together, as one family.

    Attributes:
        basis: "computed", from the scatter of the limits of the accuracy gap, or "simulated", by audits on
            paper that go through the code that decides gates.
        audits: simulated ones, of the leak and of the clean model each; null where none were.
        gap: true accuracy gap of the leak.
        gates: one by one.
        any_fails: chance that at least one fails where the leak is in all of their cells.
        all_pass: chance that a model that memorised nothing passes all.
    """

    basis: Literal["computed", "simulated"]
    audits: int | None
    gap: float
    gates: tuple[GateChances, ...]
    any_fails: Chance
    all_pass: Chance


def alike(gates: Sequence[Gate]) -> bool:
    """Whether all gates are one upper bound on the accuracy gap at one speed: their chances are computed."""
    kinds = {(gate.metric, gate.upper, gate.speed, gate.bound) for gate in gates}
    return len(kinds) == 1 and gates[0].metric == "accuracy_gap" and gates[0].upper


def computed(gates: Sequence[Gate], odds: GapOdds, gap: float) -> PolicyChances:
    """Chances of gates that are `alike`.

    Args:
        gates: the family, each for one cell.
        odds: of each of their cells.
        gap: of the leak.
    """
    bound, number = gates[0].bound, len(gates)
    failing, passing = ((1.0 + confidence) / 2.0 for confidence in confidences(number))
    one = Chance(odds.shown(gap, bound, failing)), Chance(odds.passed(bound, passing, 1))
    return PolicyChances(
        basis="computed",
        audits=None,
        gap=gap,
        gates=tuple(GateChances(str(gate), *one) for gate in gates),
        any_fails=Chance(odds.shown_in_any(gap, bound, failing, number)),
        all_pass=Chance(odds.passed(bound, passing, number)),
    )


def simulated(
    gates: Sequence[Gate],
    paper: PaperAudits,
    memorised: Mapping[float, float],
    gap: float,
    audits: int = AUDITS,
    progress: Progress | None = None,
) -> PolicyChances:
    """Chances of any gates, through `METRICS`: every figure that can be gated is covered.

    Args:
        gates: the family, each for one cell.
        paper: audits of the kit.
        memorised: by speed the chance to be memorised that makes the leak; the speeds of all gates.
        gap: of the leak.
        audits: how many of each kind, at least 1.
        progress: is told how many of all audits are done.
    """
    confidence = confidences(len(gates))
    clean = dict.fromkeys(memorised, 0.0)
    failed = np.zeros((audits, len(gates)), dtype=np.bool_)
    passed = np.zeros_like(failed)
    for number in range(audits):
        # Streams of their own: a further audit changes none of those before.
        leaking = _Figures(paper.draw(np.random.default_rng([SEED, number, 1]), memorised), confidence[0])
        nothing = _Figures(paper.draw(np.random.default_rng([SEED, number, 0]), clean), confidence[1])
        with coarse_limits(DRAWS):
            for place, gate in enumerate(gates):
                limits = leaking.of(gate)
                failed[number, place] = limits is not None and fails(gate, limits)
                if not METRICS[gate.metric].lower_only:
                    limits = nothing.of(gate)
                    passed[number, place] = limits is not None and passes(gate, limits)
        if progress is not None:
            progress(number + 1, audits)
    return PolicyChances(
        basis="simulated",
        audits=audits,
        gap=gap,
        gates=tuple(
            GateChances(str(gate), _share(failed[:, place]), _share(passed[:, place]))
            for place, gate in enumerate(gates)
        ),
        any_fails=_share(failed.any(axis=1)),
        all_pass=_share(passed.all(axis=1)),
    )


class _Figures:
    """The intervals of one audit, each computed once, however many gates are on it."""

    def __init__(self, sheets: Mapping[float, Sheet], confidence: float) -> None:
        self._sheets, self._confidence = sheets, confidence
        self._found: dict[tuple[str, float | None, int | None], Interval | None] = {}

    def of(self, gate: Gate) -> Interval | None:
        if gate.speed is None or gate.repetitions is None:
            raise TypeError(f"gate {gate} was not expanded")
        place = gate.metric, gate.speed, gate.repetitions
        if place not in self._found:
            sheet = self._sheets[gate.speed]
            arms = sheet.cell(gate.repetitions), ~sheet.inserted
            self._found[place] = METRICS[gate.metric].measure(sheet, *arms, self._confidence)
        return self._found[place]


def _share(hits: npt.ArrayLike) -> Chance:
    found = binomial_interval(int(np.sum(hits)), np.size(hits))
    return Chance(found.estimate, found.low, found.high)
