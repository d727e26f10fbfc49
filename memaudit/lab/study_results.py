"""What the victims of a study came to: their audits as a few figures each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from memaudit.audit.comparison import Comparison
from memaudit.audit.results import Cell, Estimate, Results, read_results
from memaudit.audit.verdict import detected
from memaudit.lab.study_commands import StudyError
from memaudit.lab.study_sets import COMMANDS
from memaudit.lab.victim import RECORD


class Figure(NamedTuple):
    """An estimate with its two limits, or a mean over seeds with the least and the largest."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Dose:
    """One (speed, repetitions) of one victim.

    ``epsilon`` is the one-run lower bound for all copies together, ``ceiling`` what right guesses throughout
    would have shown; None where the kit has no coins to guess.
    """

    speed: float
    repetitions: int
    n: int
    accuracy: float
    held_out: float
    exact: float
    held_out_exact: float
    gap: Figure
    auc: Figure
    p_adjusted: float
    epsilon: float | None
    ceiling: float | None = None


@dataclass(frozen=True)
class SpeedFigures:
    """One speed of one victim: what it reads of held-out canaries, and does membership grow with the dose?

    ``half``: the repetitions at which half of the canaries are read without a fault, None: not reached.
    """

    speed: float
    n: int
    held_out: float
    chance: float | None
    trend_p: float
    half: float | None


@dataclass(frozen=True)
class Change:
    """A victim's accuracy gap and exposure minus the baseline's, at one dose, by `memaudit compare`."""

    speed: float
    repetitions: int
    gap: Figure
    exposure: Figure


@dataclass(frozen=True)
class Privacy:
    """What a victim's training promised, for the canaries of one dose together.

    Attributes:
        repetitions: copies of the canary.
        promised: epsilon of its (epsilon, delta)-guarantee for exchanging all these copies.
        delta: of the guarantee.
        bound: memaudit's lower bound for the same exchange; None where it has none.
    """

    repetitions: int
    promised: float
    delta: float
    bound: float | None


@dataclass(frozen=True)
class Victim:
    """One victim's figures.

    Attributes:
        condition: its condition's name.
        wer: word error rate on ordinary test sentences.
        controls: accuracy on the kit's controls: ordinary sentences at speed 1, never trained on.
        doses, speeds: figures of the audit.
        detected: repetition levels at the fastest speed where memorisation is shown, family-wise 95 %.
        joint_epsilon: one-run bound for one copy, from all levels together.
        difference_of_gaps: gap at the fastest speed minus gap at the slowest; None with one speed.
        changes: against the baseline of the same seed; none for the baseline, or another kit.
        privacy: only where training promised any.
        injected: the canaries were in the training set as designed, by `memaudit check-injection`.
        verdict, exit_code: of `memaudit score`.
        seconds, steps: of the fine-tuning.
    """

    seed: int
    condition: str
    wer: float
    controls: float
    doses: tuple[Dose, ...]
    speeds: tuple[SpeedFigures, ...]
    detected: tuple[int, ...] = ()
    joint_epsilon: float | None = None
    difference_of_gaps: Figure | None = None
    changes: tuple[Change, ...] = ()
    privacy: tuple[Privacy, ...] = ()
    injected: bool = True
    verdict: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    steps: int = 0

    @property
    def fastest(self) -> float:
        """The fastest speed, where memorisation shows most clearly."""
        return max(dose.speed for dose in self.doses)

    def top(self, speed: float | None = None) -> Dose:
        """The dose of most repetitions at a speed, by default the fastest."""
        wanted = self.fastest if speed is None else speed
        return max((d for d in self.doses if d.speed == wanted), key=lambda dose: dose.repetitions)

    def at(self, speed: float) -> SpeedFigures:
        """The figures of a speed."""
        return next(item for item in self.speeds if item.speed == speed)

    def top_change(self) -> Change | None:
        """The change at the fastest speed's most repetitions; None where nothing was compared."""
        chosen = [item for item in self.changes if item.speed == self.fastest]
        return max(chosen, key=lambda item: item.repetitions) if chosen else None


def spread(values: Sequence[float]) -> Figure:
    """Mean, least and largest over seeds.

    Raises:
        ValueError: for no values.
    """
    if not values:
        raise ValueError("no values")
    return Figure(sum(values) / len(values), min(values), max(values))


def read_victim(study: Path, seed: int, condition: str) -> Victim:
    """The figures of a victim that is done.

    Raises:
        StudyError: if its folder isn't what the study wrote.
        ResultsError: if its audit cannot be read.
    """
    top = study / f"seed-{seed}"
    folder = top / "victims" / condition
    record = _json(folder / RECORD)
    results = read_results(folder / "audit")
    speeds = tuple(_speed(results, speed) for speed in sorted({cell.speed for cell in results.cells}))
    shown = [cell for cell in detected(results.cells) if cell.speed == results.primary_speed]
    comparison = top / "comparisons" / condition / "comparison.json"
    try:
        return Victim(
            seed=seed,
            condition=condition,
            wer=record["test"]["wer"],
            controls=results.controls.accuracy or 0.0,
            doses=tuple(_dose(cell) for cell in sorted(results.cells, key=_order)),
            speeds=speeds,
            detected=tuple(sorted(cell.repetitions for cell in shown)),
            joint_epsilon=None if results.epsilon is None else results.epsilon.joint_single,
            difference_of_gaps=None
            if results.learning is None
            else _figure(results.learning.difference_of_gaps),
            changes=_changes(comparison) if comparison.is_file() else (),
            privacy=_privacy(record["privacy"], results),
            injected=not (results.injection.missing or results.injection.leaked),
            verdict=results.verdict,
            exit_code=record["commands"][0]["exit_code"],
            seconds=record["training"]["seconds"],
            steps=record["training"]["steps"],
        )
    except (LookupError, TypeError) as error:
        raise StudyError(
            f"lacks a figure ({error})", where=str(folder), how="remove it and run again"
        ) from error


def commands_of(study: Path) -> list[dict[str, Any]]:
    """Every command that the study ran, with exit code and seconds, by folder."""
    ran: list[dict[str, Any]] = []
    for path in sorted([*study.glob(f"seed-*/*/*{COMMANDS}"), *study.glob(f"seed-*/*/*/{COMMANDS}")]):
        ran += _json(path)
    for path in sorted(study.glob(f"seed-*/victims/*/{RECORD}")):
        ran += _json(path)["commands"]
    return ran


def _dose(cell: Cell) -> Dose:
    return Dose(
        speed=cell.speed,
        repetitions=cell.repetitions,
        n=cell.inserted.n,
        accuracy=cell.inserted.accuracy,
        held_out=cell.held_out.accuracy,
        exact=cell.inserted.exact,
        held_out_exact=cell.held_out.exact,
        gap=_figure(cell.accuracy_gap),
        auc=_figure(cell.auc),
        p_adjusted=cell.p_adjusted,
        epsilon=None if cell.epsilon is None else cell.epsilon.group,
        ceiling=None if cell.epsilon is None else cell.epsilon.ceiling,
    )


def _speed(results: Results, speed: float) -> SpeedFigures:
    found = next(item for item in results.speeds if item.speed == speed)
    return SpeedFigures(
        speed=speed,
        n=found.held_out.n,
        held_out=found.held_out.accuracy,
        chance=found.held_out.chance,
        trend_p=found.trend.p_value,
        half=None if found.recall_half is None else found.recall_half.repetitions,
    )


def _changes(path: Path) -> tuple[Change, ...]:
    found = Comparison.model_validate(_json(path))
    return tuple(
        Change(
            cell.speed,
            cell.repetitions,
            Figure(cell.accuracy_gap.change, cell.accuracy_gap.low, cell.accuracy_gap.high),
            Figure(cell.exposure.change, cell.exposure.low, cell.exposure.high),
        )
        for cell in sorted(found.cells, key=lambda cell: (cell.speed, cell.repetitions or 0))
        if cell.repetitions is not None
    )


def _privacy(rows: list[dict[str, Any]], results: Results) -> tuple[Privacy, ...]:
    bounds = {
        cell.repetitions: None if cell.epsilon is None else cell.epsilon.group
        for cell in results.cells
        if cell.speed == results.primary_speed
    }
    return tuple(Privacy(bound=bounds[row["repetitions"]], **row) for row in rows)


def _figure(found: Estimate) -> Figure:
    return Figure(found.estimate, found.low, found.high)


def _order(cell: Cell) -> tuple[float, int]:
    return cell.speed, cell.repetitions


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(
            f"cannot be read ({error})", where=str(path), how="remove its folder and run again"
        ) from error
