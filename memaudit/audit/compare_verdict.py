"""More, less, or no difference shown: from the gated figures, with intervals that hold over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memaudit.audit.compare_cells import Both, difference
from memaudit.audit.comparison import Change, ComparedCell, ComparedGate, Difference, Figure, Outcome, Side
from memaudit.audit.results import Results
from memaudit.errors import ResultsError

ERROR = 0.05
"""Chance that intervals call any gated figure more or less where nothing changed; likewise for tests."""

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
    """The figures that either audit gates, each once, compared as one family (Bonferroni).

    Raises:
        ResultsError: for a gate that this version does not know, or on a cell that the kit does not have.
    """
    wanted: dict[tuple[Figure, float, int], str] = {}
    for gate in (*a.gates, *b.gates):
        if gate.speed is not None and gate.repetitions is not None:
            at = sheets.get(gate.speed)
            if gate.metric not in FIGURES or at is None or gate.repetitions not in at.a.levels():
                raise ResultsError(
                    f"gate {gate.gate!r} cannot be compared",
                    how="score both again with this version of memaudit",
                )
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


def conclude(
    gates: Sequence[ComparedGate], cells: Sequence[ComparedCell], a: Side, b: Side
) -> tuple[Outcome, bool, str]:
    """The verdict, whether intervals settle it, and its reason.

    Intervals of the gated figures come first (`decide`). Where they all reach 0, the tests of accuracy gap
    and exposure at gated places may still show a change; its size is then not settled.
    """
    outcome, reason = decide(gates, a, b)
    if outcome == "undecided" or any(gate.change != "not shown" for gate in gates):
        return outcome, outcome != "undecided", reason
    shown = shown_by_tests(gates, cells)
    if not shown:
        return outcome, True, reason
    outcome, reason = _weigh(shown, BY_TESTS, a, b)
    return outcome, False, reason


def decide(gates: Sequence[ComparedGate], a: Side, b: Side) -> tuple[Outcome, str]:
    """The verdict by intervals alone, and its reason.

    A model that does not read its controls seems to memorise nothing. So the one that shows less must have
    read them, and both where no difference is shown; and B shows less only where there is evidence that the
    canaries were in its training set as designed. A self-check that failed voids everything.
    """
    for side, name in ((a, "A"), (b, "B")):
        if not side.self_checks_passed:
            return "undecided", f"The audit of {name} is void by its self-checks"
    if not gates:
        return "undecided", "No gate of either audit names a cell"
    claims = [(gate.change, gate_words(gate)) for gate in gates if gate.change != "not shown"]
    if claims:
        return _weigh(claims, BY_INTERVAL, a, b)
    unread = _unread(a, "A") or _unread(b, "B")
    if unread:
        return "undecided", unread
    return "not shown", _join([gate_words(gate) for gate in gates], BY_INTERVAL)


def _weigh(claims: Sequence[tuple[Change, str]], how: str, a: Side, b: Side) -> tuple[Outcome, str]:
    """What changes that are shown amount to, given what either side showed of itself."""
    more = [words for change, words in claims if change == "more"]
    less = [words for change, words in claims if change == "less"]
    shows_less = _unread(b, "B") or _absent(b)
    if more and a.controls_passed:
        if less and not shows_less:
            return "mixed", _join([*more, *less], how)
        return "more", _join(more, how)
    if more:
        return "undecided", _unread(a, "A")
    return ("undecided", shows_less) if shows_less else ("less", _join(less, how))


BY_INTERVAL = "intervals: 95 % over all gated figures together"
BY_TESTS = "by exchanging A and B canary by canary; the intervals of all gated figures reach 0"


def shown_by_tests(gates: Sequence[ComparedGate], cells: Sequence[ComparedCell]) -> list[tuple[Change, str]]:
    """What the exchange tests show where a gate looks, over the two figures with an error of `ERROR`."""
    places = {(gate.speed, gate.repetitions) for gate in gates}
    found: list[tuple[Change, str]] = []
    for cell in cells:
        if cell.repetitions is None or (cell.speed, cell.repetitions) not in places:
            continue
        for figure, tested in (("accuracy_gap", cell.accuracy_gap), ("exposure", cell.exposure)):
            if tested.p_adjusted is not None and tested.p_adjusted <= ERROR / 2 and tested.change != 0.0:
                words = figure_words(figure, cell.speed, cell.repetitions, tested)
                found.append(
                    (
                        "more" if tested.change > 0.0 else "less",
                        f"{words}, p adjusted {tested.p_adjusted:.2g}",
                    )
                )
    return found


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
    return figure_words(gate.figure, gate.speed, gate.repetitions, gate.difference)


def figure_words(figure: str, speed: float, repetitions: int, moved: Difference) -> str:
    """A figure's change in words, with its interval."""
    unit = " bits" if figure == "exposure" else ""
    copies = "1 copy" if repetitions == 1 else f"{repetitions} copies"
    return (
        f"{NAMES[figure]} at {copies}, {speed:g}x: {moved.change:+.2f}{unit} ({moved.low:+.2f} to "
        f"{moved.high:+.2f}), from {moved.a:.2f} to {moved.b:.2f}"
    )


def _join(claims: Sequence[str], how: str) -> str:
    found = "; ".join(claims)
    return f"{found[:1].upper()}{found[1:]} ({how})"
