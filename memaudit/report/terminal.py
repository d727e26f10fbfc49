"""The audit at a terminal: verdict, table, gates, warnings, what to do next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from memaudit.audit.results import ArmScores, Cell, GateResult, Results
from memaudit.report.words import (
    controls_words,
    headline,
    meaning,
    next_steps,
    p_text,
    percent,
    printable,
    with_chance,
)

COLOURS = {"passed": "green", "failed": "red", "inconclusive": "yellow"}


def terminal_report(results: Results) -> RenderableType:
    """Everything that a speech engineer looks at first, readable from 60 columns on."""
    parts: list[RenderableType] = [Text(headline(results), style=f"bold {COLOURS[results.verdict]}")]
    parts.append(Text(f"{results.verdict_reason}."))
    parts.extend(Text(sentence) for sentence in meaning(results))
    for speed in sorted({cell.speed for cell in results.cells}, reverse=True):
        parts.append(Text())
        parts.append(_cells_table(speed, [cell for cell in results.cells if cell.speed == speed]))
    parts.append(Text())
    parts.extend(Text(printable(sentence)) for sentence in controls_words(results))
    parts.append(Text())
    parts.append(_gates_table(results.gates))
    if results.warnings:
        parts.append(Text("\nWarnings", style="bold"))
        parts.extend(Text(f"- {printable(item)}", style="yellow") for item in results.warnings)
    parts.append(Text("\nNext", style="bold"))
    parts.extend(Text(f"- {printable(item)}") for item in next_steps(results))
    return Group(*parts)


def gates_report(results: Results) -> RenderableType:
    """Verdict and gates alone."""
    return Group(
        Text(headline(results), style=f"bold {COLOURS[results.verdict]}"),
        Text(f"{results.verdict_reason}."),
        Text(),
        _gates_table(results.gates),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    return table


def _cells_table(speed: float, cells: list[Cell]) -> Table:
    held_out = cells[0].held_out
    table = _table(
        f"Speed {speed:g}x, held out: accuracy {with_chance(held_out)}, "
        f"exact {percent(held_out.exact)}, n {held_out.n}",
        "copies",
        "n",
        "accuracy\n/ chance",
        "gap (95 %)",
        "exact",
        "exposure",
        "p adj.",
        "eps >=",
    )
    for cell in sorted(cells, key=lambda cell: cell.repetitions):
        gap, rank = cell.accuracy_gap, cell.exposure
        table.add_row(
            str(cell.repetitions),
            str(cell.inserted.n),
            _against_chance(cell.inserted),
            f"{gap.estimate:+.2f} ({gap.low:+.2f}, {gap.high:+.2f})",
            percent(cell.inserted.exact),
            f"{rank.mean:.1f} of {rank.ceiling:.1f}",
            p_text(cell.p_adjusted),
            "-" if cell.epsilon is None else f"{cell.epsilon.group:.2f}",
        )
    return table


def _against_chance(arm: ArmScores) -> str:
    chance = "-" if arm.chance is None else f"{100 * arm.chance:.0f}"
    return f"{100 * arm.accuracy:.0f} / {chance} %"


def _gates_table(gates: tuple[GateResult, ...]) -> Table:
    table = _table("Gates", "gate", "found", "status")
    for gate in gates:
        low = "" if gate.low is None else f"{gate.low:.2f}"
        high = "" if gate.high is None else f"{gate.high:.2f}"
        found = "-" if gate.estimate is None else f"{gate.estimate:.2f} ({low} to {high})"
        table.add_row(gate.gate, found, Text(gate.status, style=COLOURS[gate.status]))
    return table
