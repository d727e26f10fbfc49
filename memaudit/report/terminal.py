"""The audit at a terminal: verdict, table, gates, warnings, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from memaudit.audit.results import Cell, Results
from memaudit.report.answers import answers, injection_words, power_words
from memaudit.report.judged import found, judged, reason
from memaudit.report.plain import plain
from memaudit.report.words import (
    accuracy_text,
    controls_words,
    exact_text,
    headline,
    next_steps,
    p_text,
    percent,
)

COLOURS = {"passed": "green", "failed": "red", "inconclusive": "yellow"}


def terminal_report(results: Results) -> RenderableType:
    """Everything that a speech engineer looks at first, readable from 60 columns on."""
    parts: list[RenderableType] = [Text(headline(results), style=f"bold {COLOURS[results.verdict]}")]
    parts.append(Text(f"{reason(results)}."))
    parts.extend(Text(item.answer) for item in answers(results)[:2])
    for speed in sorted({cell.speed for cell in results.cells}, reverse=True):
        parts.append(Text())
        parts.append(CellTables([cell for cell in results.cells if cell.speed == speed]))
    parts.append(Text())
    parts.append(_gates_table(results))
    parts.append(Text())
    parts.append(Text(power_words(results)))
    parts.append(Text(f"Canaries in the training set: {injection_words(results)}."))
    parts.extend(Text(plain(sentence, 2000)) for sentence in controls_words(results))
    if results.warnings:
        parts.append(Text("\nWarnings", style="bold"))
        parts.append(_list(results.warnings, "yellow"))
    parts.append(Text("\nNext", style="bold"))
    parts.append(_list(next_steps(results)))
    return Group(*parts)


def gates_report(results: Results) -> RenderableType:
    """Verdict and gates alone."""
    return Group(
        Text(headline(results), style=f"bold {COLOURS[results.verdict]}"),
        Text(f"{reason(results)}."),
        Text(),
        _gates_table(results),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    return table


def _list(sentences: Sequence[str], style: str = "") -> Table:
    """Marked lines that are indented where they wrap."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for sentence in sentences:
        table.add_row("-", Text(plain(sentence, 2000), style=style))
    return table


class CellTables:
    """One speed's cells: a table where it fits, else two, one below the other."""

    WIDE = 104
    """Columns from which on everything stands side by side."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = sorted(cells, key=lambda cell: cell.repetitions)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The head lines and the tables."""
        first = self.cells[0]
        held_out, rank = first.held_out, first.exposure
        chance = "" if held_out.chance is None else f", chance {percent(held_out.chance)}"
        yield Text(f"Speed {first.speed:g}x", style="bold")
        yield Text(
            f"Held out: accuracy {accuracy_text(held_out)}{chance}, exact {exact_text(held_out)}, "
            f"n {held_out.n}. Exposure: at most {rank.ceiling:.1f} bits, {rank.null_mean:.1f} without "
            f"memorisation. In brackets {percent(first.accuracy_gap.confidence)} intervals; eps is a lower "
            "bound."
        )
        if options.max_width >= self.WIDE:
            yield self._table({**COLUMNS, **MORE})
        else:
            yield self._table(COLUMNS)
            yield self._table({"copies": COLUMNS["copies"], **MORE})

    def _table(self, columns: Mapping[str, Callable[[Cell], str]]) -> Table:
        table = _table("", *columns)
        for cell in self.cells:
            table.add_row(*(value(cell) for value in columns.values()))
        return table


def _share(estimate: float, low: float, high: float) -> str:
    return f"{100 * estimate:.0f} ({100 * low:.0f}-{100 * high:.0f}) %"


def _accuracy(cell: Cell) -> str:
    arm = cell.inserted
    return _share(arm.accuracy, arm.accuracy_low, arm.accuracy_high)


def _exact(cell: Cell) -> str:
    arm = cell.inserted
    return _share(arm.exact, arm.exact_low, arm.exact_high)


def _gap(cell: Cell) -> str:
    gap = cell.accuracy_gap
    return f"{gap.estimate:+z.2f} ({gap.low:+z.2f}, {gap.high:+z.2f})"


def _chance(cell: Cell) -> str:
    return "-" if cell.inserted.chance is None else percent(cell.inserted.chance)


def _exposure(cell: Cell) -> str:
    rank = cell.exposure
    return f"{rank.mean:.1f} ({rank.low:.1f}-{rank.high:.1f})"


def _epsilon(cell: Cell) -> str:
    return "-" if cell.epsilon is None else f"{cell.epsilon.group:.2f}"


COLUMNS: dict[str, Callable[[Cell], str]] = {
    "copies": lambda cell: str(cell.repetitions),
    "n": lambda cell: str(cell.inserted.n),
    "accuracy": _accuracy,
    "gap": _gap,
    "p adj.": lambda cell: p_text(cell.p_adjusted),
}
"""What a reader looks at first."""

MORE: dict[str, Callable[[Cell], str]] = {
    "chance": _chance,
    "exact": _exact,
    "exposure": _exposure,
    "eps >=": _epsilon,
}
"""The rest."""


def _gates_table(results: Results) -> Table:
    table = _table("Gates", "gate", "found", "status")
    for item in judged(results):
        style = COLOURS.get(item.standing, COLOURS["inconclusive"])
        table.add_row(item.name, found(item.gate, 2), Text(item.standing, style=style))
    return table
