"""Several audits of one kit beside each other, at a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from memaudit.audit.results import Results
from memaudit.report.terminal import COLOURS
from memaudit.report.words import p_text, percent


def side_by_side(audits: Mapping[str, Results]) -> RenderableType:
    """Accuracy gap, exact matches, exposure and p by repetitions, then each verdict.

    Args:
        audits: results on one kit, by the name to show.
    """
    first = next(iter(audits.values()))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("copies")
    for name in audits:
        table.add_column(f"{name}: accuracy gap (95 %)", justify="right")
        table.add_column("exact", justify="right")
        table.add_column("exposure", justify="right")
        table.add_column("p adj.", justify="right")
    speed = first.primary_speed
    for level in sorted({cell.repetitions for cell in first.cells if cell.speed == speed}):
        row = [str(level)]
        for results in audits.values():
            cell = next(c for c in results.cells if (c.speed, c.repetitions) == (speed, level))
            gap = cell.accuracy_gap
            row += [
                f"{gap.estimate:+.2f} ({gap.low:+.2f}, {gap.high:+.2f})",
                percent(cell.inserted.exact),
                f"{cell.exposure.mean:.1f}",
                p_text(cell.p_adjusted),
            ]
        table.add_row(*row)
    lines: list[RenderableType] = [table, Text()]
    for name, results in audits.items():
        held_out, controls = results.speeds[0].held_out, results.controls
        read = "not measured" if controls.accuracy is None else percent(controls.accuracy)
        lines.append(
            Text.assemble(
                f"{name}: ",
                (results.verdict, COLOURS[results.verdict]),
                f": {results.verdict_reason}. Held out: {percent(held_out.accuracy)} of characters right, "
                f"chance {percent(held_out.chance or 0.0)}, n {held_out.n}; controls {read}.",
            )
        )
    return Group(*lines)
