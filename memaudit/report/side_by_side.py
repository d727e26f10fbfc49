"""Several audits of one kit beside each other, at a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from memaudit.audit.results import Results
from memaudit.audit.verdict import detected
from memaudit.report.terminal import COLOURS
from memaudit.report.words import p_text, percent


def side_by_side(audits: Mapping[str, Results]) -> RenderableType:
    """Accuracy gap, exact matches and adjusted p by repetitions, then each verdict.

    Args:
        audits: results on one kit, by the name to show.
    """
    first = next(iter(audits.values()))
    speed = first.primary_speed
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        title=f"Inserted against held-out canaries at {speed:g} times speed",
        title_justify="left",
    )
    table.add_column("\ncopies")
    for name in audits:
        table.add_column(f"{name}\ngap (95 %)", no_wrap=True)
        table.add_column("\nexact", justify="right", no_wrap=True)
        table.add_column("\np adj.", justify="right", no_wrap=True)
    for level in sorted({cell.repetitions for cell in first.cells if cell.speed == speed}):
        row = [str(level)]
        for results in audits.values():
            cell = next(c for c in results.cells if (c.speed, c.repetitions) == (speed, level))
            gap = cell.accuracy_gap
            row += [
                f"{gap.estimate:+.2f} ({gap.low:+.2f}, {gap.high:+.2f})",
                percent(cell.inserted.exact),
                p_text(cell.p_adjusted),
            ]
        table.add_row(*row)
    lines: list[RenderableType] = [table]
    for name, results in audits.items():
        lines += [Text(), *_verdict(name, results)]
    return Group(*lines)


def _verdict(name: str, results: Results) -> list[Text]:
    held_out, controls = results.speeds[0].held_out, results.controls
    read = "not measured" if controls.accuracy is None else percent(controls.accuracy)
    shown = [cell.repetitions for cell in detected(results.cells) if cell.speed == results.primary_speed]
    levels = ", ".join(str(level) for level in sorted(shown))
    found = f"Memorisation is shown at {levels} copies" if shown else "Memorisation was not detected"
    chance = "" if held_out.chance is None else f", chance {percent(held_out.chance)}"
    return [
        Text.assemble(
            f"{name}: ", (results.verdict, COLOURS[results.verdict]), f": {results.verdict_reason}."
        ),
        Text(
            f"{found}, by {'losses' if results.membership == 'loss' else 'transcripts'}. Held-out canaries: "
            f"{percent(held_out.accuracy)} of characters right{chance}, n {held_out.n}; controls: {read}, "
            f"n {controls.n}."
        ),
    ]
