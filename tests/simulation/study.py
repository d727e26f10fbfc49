"""One audit after another through the shipped path, and the table of how they ended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from memaudit.audit.assess import Subject, assess
from memaudit.audit.results import Injection, KitSummary, ModelSummary
from memaudit.audit.utterances import read_utterances, utterances_text
from memaudit.files import write_text
from memaudit.stats.binomial import binomial_interval
from tests.simulation.imagined import Effect, Imagined

BOUND = 0.10
"""Of the default policy: no level's accuracy gap above it."""

LEVELS = (1, 2, 4, 8, 16)


def _rising(gap: float) -> dict[int, float]:
    """A gap at 16 copies, and at fewer in proportion to log2(1 + copies)."""
    return {level: gap * math.log2(1 + level) / math.log2(17) for level in LEVELS}


EFFECTS = (
    Effect("none", {}),
    Effect("every level at the bound, .10", dict.fromkeys(LEVELS, BOUND)),
    Effect("16 copies at the bound, .10", {16: BOUND}),
    Effect("16 copies at .20", {16: 0.2}),
    Effect("rising to .50 at 16 copies", _rising(0.5)),
)


@dataclass(frozen=True)
class Outcome:
    """How one simulated audit ended: its verdict, and whether any cell was detected (adjusted p <= 5 %)."""

    effect: str
    seed: int
    verdict: str
    detected: bool
    epsilon: bool
    covered: int
    cells: int


def simulate(imagined: Imagined, effect: Effect, seed: int, folder: Path) -> Outcome:
    """One audit: utterances.jsonl is written, read again and assessed as `memaudit score` does."""
    rng = np.random.default_rng([seed, EFFECTS.index(effect)])
    path = folder / "utterances.jsonl"
    write_text(path, utterances_text(imagined.audit(effect, rng)))
    design = imagined.design
    kit = KitSummary(
        name="simulated",
        commitment=rng.bytes(32).hex(),
        commitment_verified=True,
        pairs=design.pairs,
        inserted=design.pairs,
        held_out=design.pairs + design.reserve,
        controls=design.controls,
    )
    subject = Subject(kit, ModelSummary(adapter="imagined", files=()), Injection(checked=True))
    results = assess(read_utterances(path), subject, (), "0" * 64)
    true = [effect.gaps.get(cell.repetitions, 0.0) for cell in results.cells]
    covered = sum(
        cell.accuracy_gap.low <= gap <= cell.accuracy_gap.high
        for cell, gap in zip(results.cells, true, strict=True)
    )
    return Outcome(
        effect.name,
        seed,
        results.verdict,
        any(cell.p_adjusted <= 0.05 for cell in results.cells),
        any(cell.epsilon is not None and cell.epsilon.group > 0 for cell in results.cells),
        covered,
        len(results.cells),
    )


def table(outcomes: Iterable[Outcome]) -> str:
    """A Markdown table, a line an effect, with 95 % Clopper-Pearson limits of the two error rates."""
    by_effect: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_effect.setdefault(outcome.effect, []).append(outcome)
    lines = [
        "| true accuracy gap | audits | failed | passed | inconclusive | detected | gap in interval |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [_line(effect, by_effect[effect.name]) for effect in EFFECTS if effect.name in by_effect]
    return "\n".join(lines)


def _line(effect: Effect, outcomes: Sequence[Outcome]) -> str:
    n = len(outcomes)
    ends = Counter(outcome.verdict for outcome in outcomes)
    failed, passed = _rate(ends["failed"], n), _rate(ends["passed"], n)
    if effect.largest <= BOUND:
        failed += _limits(ends["failed"], n, "false")
    if effect.largest >= BOUND:
        passed += _limits(ends["passed"], n, "false")
    covered = sum(outcome.covered for outcome in outcomes) / sum(outcome.cells for outcome in outcomes)
    found = sum(outcome.detected for outcome in outcomes)
    return (
        f"| {effect.name} | {n} | {failed} | {passed} | {_rate(ends['inconclusive'], n)} | {_rate(found, n)} "
        f"| {100 * covered:.1f} % |"
    )


def _rate(count: int, n: int) -> str:
    return f"{100 * count / n:.1f} %"


def _limits(count: int, n: int, word: str) -> str:
    limits = binomial_interval(count, n)
    return f" ({word}; {100 * limits.low:.1f} to {100 * limits.high:.1f})"


def broken(outcomes: Iterable[Outcome], level: float = 0.05) -> list[str]:
    """The promised rates that these outcomes break by more than three standard errors, a sentence each."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        counts[outcome.effect, "all"] += 1
        counts[outcome.effect, outcome.verdict] += 1
        counts[outcome.effect, "detected"] += outcome.detected
        counts[outcome.effect, "epsilon"] += outcome.epsilon
    found = []
    for effect in EFFECTS:
        wrong = []
        if effect.largest <= BOUND:
            wrong.append("failed")
        if effect.largest >= BOUND:
            wrong.append("passed")
        if not effect.gaps:
            wrong.append("detected")
        n = counts[effect.name, "all"]
        most = level * n + 3.0 * math.sqrt(level * (1.0 - level) * n)
        found += [
            f"{effect.name}: {counts[effect.name, word]} of {n} {word}, more than {level:.0%} allows"
            for word in wrong
            if counts[effect.name, word] > most
        ]
    return found
