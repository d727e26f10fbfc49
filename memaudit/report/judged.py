"""Gates as a release job should read them: what each says once the audit as a whole is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memaudit.audit.metrics import METRICS
from memaudit.audit.results import GateResult, Results
from memaudit.report.plain import plain

Standing = Literal["passed", "failed", "undecided", "no pass possible", "void"]


@dataclass(frozen=True)
class JudgedGate:
    """One gate, how it stands, and a sentence that carries its number, limits and n.

    ``undecided`` keeps an audit from passing; ``no pass possible`` (a gate on a lower bound that did not
    fail) does not, and is no pass either; ``void`` says that a self-check failed, so the gate says nothing.
    """

    gate: GateResult
    standing: Standing
    sentence: str

    @property
    def name(self) -> str:
        """The gate as a line of text."""
        return plain(self.gate.gate)


def judged(results: Results) -> list[JudgedGate]:
    """Every gate, in the order of the results."""
    void = results.self_checks is not None and not results.self_checks.passed
    return [JudgedGate(gate, _standing(gate, void), gate_sentence(gate, results)) for gate in results.gates]


def _standing(gate: GateResult, void: bool) -> Standing:
    if void:
        return "void"
    if gate.status != "inconclusive":
        return gate.status
    metric = METRICS.get(gate.metric)
    return "no pass possible" if metric is not None and metric.lower_only else "undecided"


def gate_sentence(gate: GateResult, results: Results) -> str:
    """What was found, between which limits, on how many canaries, and why that decides."""
    return f"{found(gate)}; {sizes(gate, results)}; {plain(gate.reason)}"


def found(gate: GateResult, digits: int = 3) -> str:
    """The figure of a gate (under a baseline: its change) with the limits that decide."""
    if gate.estimate is None:
        return "no figure"
    if gate.low is None and gate.high is None:
        limits = "no limits"
    elif gate.high is None:
        limits = f"at least {gate.low:z.{digits}f}"
    elif gate.low is None:
        limits = f"at most {gate.high:z.{digits}f}"
    else:
        limits = f"{gate.low:z.{digits}f} to {gate.high:z.{digits}f}"
    return f"{gate.estimate:z.{digits}f} ({limits})"


def sizes(gate: GateResult, results: Results) -> str:
    """How many canaries a gate rests on."""
    cells = [
        cell
        for cell in results.cells
        if gate.speed in (None, cell.speed) and gate.repetitions in (None, cell.repetitions)
    ]
    inserted = sum(cell.inserted.n for cell in cells)
    held_out = sum({cell.speed: cell.held_out.n for cell in cells}.values())
    return f"n = {inserted} inserted, {held_out} held out"


def reason(results: Results) -> str:
    """Why the verdict is what it is."""
    return plain(results.verdict_reason, 2000)
