"""More, less, or no difference shown: from the gated figures, with intervals that hold over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memaudit.audit.compare_cells import Both, difference
from memaudit.audit.comparison import Change, ComparedGate, Difference, Figure, Outcome, Side
from memaudit.audit.results import Results

ERROR = 0.05
"""Chance that any gated figure is called more or less where nothing changed."""

FIGURES: dict[str, Figure] = {
    "accuracy_gap": "accuracy_gap",
    "exact_gap": "exact_gap",
    "exposure": "exposure",
    "auc": "exposure",
    "epsilon": "exposure",
}
"""What is compared for a gate's metric: AUC and epsilon are ranks too, and have no paired interval."""

NAMES: dict[str, str] = {
    "accuracy_gap": "accuracy gap",
    "exact_gap": "exact-match gap",
    "exposure": "mean exposure",
}


def compared_gates(a: Results, b: Results, sheets: Mapping[float, Both]) -> list[ComparedGate]:
    """The figures that either audit gates, each once, compared as one family (Bonferroni)."""
    wanted: dict[tuple[Figure, float, int], str] = {}
    for gate in (*a.gates, *b.gates):
        if gate.speed is not None and gate.repetitions is not None:
            wanted.setdefault((FIGURES[gate.metric], gate.speed, gate.repetitions), gate.metric)
    found = []
    for (figure, speed, level), metric in wanted.items():
        both = sheets[speed]
        moved = difference(both, both.a.cell(level), figure, 1.0 - ERROR / len(wanted))
        found.append(
            ComparedGate(
                metric=metric,
                figure=figure,
                speed=speed,
                repetitions=level,
                difference=moved,
                change=change(moved),
            )
        )
    return found


def change(moved: Difference) -> Change:
    """More or less where the whole interval lies on that side of 0."""
    if moved.low > 0.0:
        return "more"
    return "less" if moved.high < 0.0 else "not shown"


def decide(gates: Sequence[ComparedGate], a: Side, b: Side) -> tuple[Outcome, str]:
    """The verdict and its reason.

    A model that does not read its controls seems to memorise nothing. So the one that shows less must have
    read them, and both where no difference is shown; and B shows less only where there is evidence that the
    canaries were in its training set as designed. A self-check that failed voids everything.
    """
    for side, name in ((a, "A"), (b, "B")):
        if not side.self_checks_passed:
            return "undecided", f"The audit of {name} is void by its self-checks"
    more = [gate for gate in gates if gate.change == "more"]
    less = [gate for gate in gates if gate.change == "less"]
    shows_less = _unread(b, "B") or _absent(b)
    if more and a.controls_passed:
        return ("mixed", _all([*more, *less])) if less and not shows_less else ("more", _all(more))
    if more:
        return "undecided", _unread(a, "A")
    if less:
        return ("undecided", shows_less) if shows_less else ("less", _all(less))
    unread = _unread(a, "A") or _unread(b, "B")
    return ("undecided", unread) if unread else ("not shown", _all(gates))


def _unread(side: Side, name: str) -> str:
    if side.controls_passed:
        return ""
    return f"{name} did not read the controls, and a model that reads nothing shows nothing"


def _absent(b: Side) -> str:
    if b.injection == "not as designed":
        return "B shows less, but its training set did not hold the canaries as designed"
    if b.injection == "unknown" and not b.detected:
        return "B shows less, but nothing shows that the canaries were in its training set"
    return ""


def gate_words(gate: ComparedGate) -> str:
    """One gated figure in words: what, where, by how much, from what to what."""
    moved, unit = gate.difference, " bits" if gate.figure == "exposure" else ""
    limits = f"({moved.low:+.2f} to {moved.high:+.2f})"
    return (
        f"{NAMES[gate.figure]} at {gate.repetitions} cop{'y' if gate.repetitions == 1 else 'ies'}, "
        f"{gate.speed:g}x: "
        f"{moved.change:+.2f}{unit} {limits}, from {moved.a:.2f} to {moved.b:.2f}"
    )


def _all(gates: Sequence[ComparedGate]) -> str:
    found = "; ".join(gate_words(gate) for gate in gates)
    return f"{found[:1].upper()}{found[1:]} (intervals: 95 % over all gated figures together)"
