"""The canaries of all seeds together: intervals for a condition, not for one victim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.audit.audit import load
from memaudit.lab.study_results import Figure, Victim, spread
from memaudit.stats.mean_gap import mean_gap
from memaudit.stats.rate_gap import rate_gap


@dataclass(frozen=True)
class PooledDose:
    """One (speed, repetitions) of a condition over its seeds.

    ``gap`` and ``exact_gap`` have 95 % intervals from the canaries of all seeds, which are different ones;
    the other figures are means over seeds with the least and the largest. ``epsilon`` is None where some
    victim has no bound.
    """

    speed: float
    repetitions: int
    n: int
    held_out_n: int
    gap: Figure
    exact_gap: Figure
    accuracy: Figure
    held_out: Figure
    exact: Figure
    auc: Figure
    epsilon: Figure | None


@dataclass(frozen=True)
class Condition:
    """A condition's figures over its seeds.

    Attributes:
        seeds: those whose victims are in.
        wer: over seeds.
        half: repetitions of half recall for each seed at the fastest speed; None: not reached.
    """

    name: str
    title: str
    role: str
    seeds: tuple[int, ...]
    wer: Figure
    doses: tuple[PooledDose, ...]
    half: tuple[float | None, ...]

    @property
    def fastest(self) -> tuple[PooledDose, ...]:
        """The doses at the fastest speed, by repetitions."""
        speed = max(dose.speed for dose in self.doses)
        return tuple(dose for dose in self.doses if dose.speed == speed)


Arms = tuple[list[float], list[float], list[bool], list[bool]]
"""Accuracies of inserted and held-out canaries, and which of them were read without a fault."""


def pooled_condition(study: Path, title: str, role: str, victims: Sequence[Victim]) -> Condition:
    """The victims of one condition together."""
    first = victims[0]
    audits = [
        load(study / f"seed-{victim.seed}" / "victims" / victim.condition / "audit")[1] for victim in victims
    ]
    doses = []
    for dose in first.doses:
        key = (dose.speed, dose.repetitions)
        arms: Arms = ([], [], [], [])
        for utterances in audits:
            for row in utterances:
                if row.speed != dose.speed or row.arm == "control":
                    continue
                if row.arm == "inserted" and row.repetitions == dose.repetitions:
                    arms[0].append(row.accuracy)
                    arms[2].append(row.exact)
                elif row.arm == "held_out":
                    arms[1].append(row.accuracy)
                    arms[3].append(row.exact)
        doses.append(pooled_dose(victims, key, arms))
    return Condition(
        name=first.condition,
        title=title,
        role=role,
        seeds=tuple(victim.seed for victim in victims),
        wer=spread([victim.wer for victim in victims]),
        doses=tuple(doses),
        half=tuple(victim.at(victim.fastest).half for victim in victims),
    )


def pooled_dose(victims: Sequence[Victim], key: tuple[float, int], arms: Arms) -> PooledDose:
    """One dose over seeds."""
    same = [next(d for d in victim.doses if (d.speed, d.repetitions) == key) for victim in victims]
    inserted, held_out, read, read_held_out = arms
    gap = mean_gap(inserted, held_out)
    exact = rate_gap(sum(read), len(read), sum(read_held_out), len(read_held_out))
    bounds = [dose.epsilon for dose in same if dose.epsilon is not None]
    return PooledDose(
        speed=key[0],
        repetitions=key[1],
        n=len(inserted),
        held_out_n=len(held_out),
        gap=Figure(gap.estimate, gap.low, gap.high),
        exact_gap=Figure(exact.estimate, exact.low, exact.high),
        accuracy=spread([dose.accuracy for dose in same]),
        held_out=spread([dose.held_out for dose in same]),
        exact=spread([dose.exact for dose in same]),
        auc=spread([dose.auc.estimate for dose in same]),
        epsilon=spread(bounds) if len(bounds) == len(same) else None,
    )
