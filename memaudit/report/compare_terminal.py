"""A comparison at a terminal: verdict, both models, tables by speed, warnings, canaries that moved."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from memaudit.audit.comparison import ComparedCell, Comparison
from memaudit.printable import printable
from memaudit.report.compare_words import CHANGES, copies_text, difference_text, headline, meaning, sides
from memaudit.report.words import p_text

COLOURS = {"more": "red", "less": "green", "mixed": "red", "not shown": "yellow", "undecided": "yellow"}
QUOTED = 2
"""Canaries of either kind that are quoted; the page has more."""

LONGEST = 160
"""Longer texts are cut here."""


def compare_report(found: Comparison) -> RenderableType:
    """What a speech engineer looks at first, readable from 60 columns on."""
    parts: list[RenderableType] = [Text(headline(found), style=f"bold {COLOURS[found.verdict]}")]
    parts.append(Text(printable(f"{found.verdict_reason}.")))
    parts.extend(Text(printable(sentence)) for sentence in meaning(found))
    parts.append(Text())
    parts.extend(Text(printable(sentence)) for sentence in sides(found))
    for whole in found.speeds:
        cells = [cell for cell in found.cells if cell.speed == whole.speed]
        parts += [Text(), _gaps([*cells, whole]), Text(), _ranks([*cells, whole], found.scale)]
    parts += [Text(), _gates(found)]
    if found.warnings:
        parts.append(Text("\nWarnings", style="bold"))
        parts.extend(Text(f"- {printable(item)}", style="yellow") for item in found.warnings)
    parts.extend(_movers(found))
    return Group(*parts)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number != 2)
    return table


def _level(cell: ComparedCell) -> str:
    return "all" if cell.repetitions is None else str(cell.repetitions)


def _p(value: float | None) -> str:
    return "-" if value is None else p_text(value)


def _gaps(cells: list[ComparedCell]) -> Table:
    title = f"Accuracy gap at {cells[0].speed:g}x, held out n {cells[0].held_out}"
    table = _table(title, "copies", "n", "A", "B", "B - A (95 %)", "p adj.")
    for cell in cells:
        gap = cell.accuracy_gap
        table.add_row(
            _level(cell),
            str(cell.inserted),
            f"{gap.a:.2f}",
            f"{gap.b:.2f}",
            difference_text(gap),
            _p(gap.p_adjusted),
        )
    return table


def _ranks(cells: list[ComparedCell], scale: str) -> Table:
    first = cells[0]
    title = f"Mean exposure in bits at {first.speed:g}x, by {scale}, of at most {first.exposure_ceiling:.1f}"
    table = _table(title, "copies", "A", "B", "B - A (95 %)", "p adj.", "members")
    for cell in cells:
        rank = cell.exposure
        table.add_row(
            _level(cell),
            f"{rank.a:.1f}",
            f"{rank.b:.1f}",
            difference_text(rank, 1),
            _p(rank.p_adjusted),
            f"+{cell.members.gained} -{cell.members.lost}",
        )
    table.caption = "members: canaries above every held-out one, gained and lost by B"
    table.caption_justify = "left"
    return table


def _gates(found: Comparison) -> Table:
    table = _table("Gated figures, 95 % over all together", "figure", "B - A", "B memorises")
    for gate in found.gates:
        table.add_row(
            f"{gate.figure}@{gate.repetitions}/{gate.speed:g}x",
            difference_text(gate.difference),
            Text(CHANGES[gate.change], style=COLOURS[gate.change]),
        )
    return table


def _movers(found: Comparison) -> Iterator[Text]:
    for kind, title in (("risen", "Rose most from A to B"), ("fallen", "Fell most from A to B")):
        chosen = [item for item in found.movers if item.kind == kind][:QUOTED]
        if chosen:
            yield Text(f"\n{title}", style="bold")
        for item in chosen:
            yield Text(
                f"{item.id}, {copies_text(item.repetitions)}, {item.speed:g}x: exposure "
                f"{item.exposure_a:.1f} to {item.exposure_b:.1f} bits"
            )
            for name, text in (
                ("spoken", item.reference),
                ("A", item.transcript_a),
                ("B", item.transcript_b),
            ):
                shown = printable(text[:LONGEST]) or "(nothing)"
                yield Text(f"  {name}: {shown}")
