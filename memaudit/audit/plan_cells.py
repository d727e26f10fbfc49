"""What each cell of a recipe can show, before any audio."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memaudit.audit.cells import POWER, RELABELLINGS
from memaudit.audit.plan_odds import GapOdds
from memaudit.kit.draft import Draft
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.exposure import exposure_ceiling
from memaudit.stats.randomisation import randomisation_test

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PlannedGate:
    """A gate on the accuracy gap: bound and the one-sided confidences on which it fails and passes."""

    bound: float
    fail_level: float
    pass_level: float


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """The canaries of one speed and level of repetition, and what they can show.

    Attributes:
        speed, repetitions: the cell.
        inserted, held_out: canaries; with coins the expected numbers.
        gated: whether a gate is on it.
        fails: chance that a leak of the plan's gap fails its gate on the accuracy gap; None without one.
        smallest_failed: the gap that fails that gate with 80 %; None without one, or where no gap does.
        smallest_detectable: the gap whose 95 % interval lies above 0 with 80 %; None where none does.
        exposure_ceiling: bits.
        epsilon_group, epsilon_single: one-run bounds at 95 % if every guess were right, for all copies of a
            canary and for one; adjacency replace-one for pairs, add-remove for own coins.
        p_smallest: smallest p-value of the randomisation test.
    """

    speed: float
    repetitions: int
    inserted: int
    held_out: int
    gated: bool
    fails: float | None
    smallest_failed: float | None
    smallest_detectable: float | None
    exposure_ceiling: float
    epsilon_group: float
    epsilon_single: float
    p_smallest: float | None


def plan_cells(
    drafts: Sequence[Draft],
    odds: GapOdds,
    coins: int,
    gap: float,
    gap_gates: Mapping[int, PlannedGate],
    gated: Collection[int] = (),
) -> list[PlannedCell]:
    """The cells of one speed, most repetitions first.

    Args:
        drafts: the canaries of that speed.
        odds: of each of its cells: they are equally large.
        coins: how many are thrown a cell: one a pair, or one a canary.
        gap: true gap of the leak that is to be failed; one that the scores leave no room for is never shown.
        gap_gates: by level the gate on the accuracy gap.
        gated: levels that have a gate on whatever figure.
    """
    detectable = odds.smallest(POWER, 0.0, (1.0 + CONFIDENCE) / 2.0)
    kinds = set(gap_gates.values())
    fails = {gate: odds.shown(gap, gate.bound, gate.fail_level) for gate in kinds}
    smallest = {gate: odds.smallest(POWER, gate.bound, gate.fail_level) for gate in kinds}
    epsilon = one_run_epsilon(coins, coins, CONFIDENCE)
    levels = sorted({draft.lot.repetitions for draft in drafts} - {0}, reverse=True)
    return [
        PlannedCell(
            speed=drafts[0].speed,
            repetitions=level,
            inserted=odds.inserted,
            held_out=odds.held_out,
            gated=level in gated or level in gap_gates,
            fails=fails[gap_gates[level]] if level in gap_gates else None,
            smallest_failed=smallest[gap_gates[level]] if level in gap_gates else None,
            smallest_detectable=detectable,
            exposure_ceiling=exposure_ceiling(odds.held_out),
            epsilon_group=epsilon,
            epsilon_single=epsilon / level,
            p_smallest=_smallest_p(drafts, level),
        )
        for level in levels
    ]


def _smallest_p(drafts: Sequence[Draft], level: int) -> float | None:
    """The p-value if every canary of the level scored above every held-out one, by the audit's own test."""
    rows = [draft for draft in drafts if draft.lot.arm == "held_out" or draft.lot.repetitions == level]
    inserted = np.array([draft.lot.arm == "inserted" for draft in rows])
    if inserted.all() or not inserted.any():
        return None
    strata = {name: number for number, name in enumerate(sorted({_stratum(draft) for draft in rows}))}
    scores = inserted + np.arange(len(rows)) / len(rows)
    groups = np.array([strata[_stratum(draft)] for draft in rows])
    return randomisation_test(scores, inserted, groups, seed=0, relabellings=RELABELLINGS).p_value


def _stratum(draft: Draft) -> tuple[str, int]:
    return draft.voice, len(draft.text.split())
