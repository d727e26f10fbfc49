"""The figures of an audit as Markdown tables, for the summary and the model card."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.results import Cell, Estimate, Results
from memaudit.report.judged import found, judged, sizes
from memaudit.report.markdown_text import code, escape, table
from memaudit.report.words import p_text, percent, with_chance


def gates_table(results: Results) -> list[str]:
    """A row a gate."""
    rows = [
        [
            code(item.name),
            found(item.gate),
            escape(sizes(item.gate, results)),
            f"**{item.standing}**",
            escape(item.gate.reason),
        ]
        for item in judged(results)
    ]
    return table(["Gate", "Found (limits that decide)", "Canaries", "Status", "Why"], rows)


def cells_table(cells: Sequence[Cell]) -> list[str]:
    """A row a cell, the fastest speed and most copies first."""
    ordered = sorted(cells, key=lambda cell: (-cell.speed, -cell.repetitions))
    rows = [
        [
            f"{cell.speed:g}x",
            str(cell.repetitions),
            f"{cell.inserted.n} / {cell.held_out.n}",
            with_chance(cell.inserted),
            with_chance(cell.held_out),
            interval(cell.accuracy_gap),
            interval(cell.exact_gap),
            f"{cell.exposure.mean:.1f} ({cell.exposure.low:.1f} to {cell.exposure.high:.1f}) "
            f"of {cell.exposure.ceiling:.1f}",
            p_text(cell.p_adjusted),
            epsilon(cell),
        ]
        for cell in ordered
    ]
    columns = [
        "Speed",
        "Copies",
        "n inserted / held out",
        "Accuracy inserted",
        "Accuracy held out",
        "Accuracy gap",
        "Exact gap",
        "Exposure, bits",
        "p adjusted",
        "Epsilon at least",
    ]
    return table(columns, rows, figures=True)


def cells_note(cells: Sequence[Cell]) -> str:
    """What the columns of `cells_table` mean, in a line."""
    confidence = percent(min(cell.accuracy_gap.confidence for cell in cells))
    null = max(cell.exposure.null_mean for cell in cells)
    return (
        f"In brackets {confidence} intervals, and by accuracies the chance that the same transcripts have "
        f"against other canaries' texts. Without memorisation the mean exposure is about {null:.1f} bits, "
        "not 0. Epsilon is a lower bound for all copies of a canary together: it can show a leak and never "
        "its absence."
    )


def interval(estimate: Estimate) -> str:
    """A figure with its interval."""
    return f"{estimate.estimate:+z.2f} ({estimate.low:+z.2f} to {estimate.high:+z.2f})"


def epsilon(cell: Cell) -> str:
    """A cell's bound with the guesses behind it."""
    bound = cell.epsilon
    if bound is None:
        return "none"
    return f"{bound.group:.2f} ({percent(bound.confidence)}; {bound.correct} of {bound.guesses} guesses)"
