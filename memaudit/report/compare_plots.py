"""The figures of a comparison: gaps by repetitions, and each canary under A and under B."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from memaudit.audit.comparison import ComparedCanary, ComparedCell, Comparison
from memaudit.audit.results import Estimate
from memaudit.report.compare_words import difference_text
from memaudit.report.plots import Plot
from memaudit.report.svg import HELD_OUT, INSERTED, axes, inline_svg

MOST_POINTS = 2_000
"""More canaries of one arm are drawn as an even sample, so that the page stays small."""

CHANGE = "#6a994e"

UNITS = {
    "loss per token": "minus loss a token, nats",
    "loss per character": "minus loss a character, nats",
    "accuracy": "accuracy",
}


def compare_plots(found: Comparison) -> list[Plot]:
    """Both gaps by repetitions, then each canary under A and B, at the fastest speed."""
    speed = found.primary_speed
    cells = sorted(
        (cell for cell in found.cells if cell.speed == speed), key=lambda cell: cell.repetitions or 0
    )
    points = [item for item in found.canaries if item.speed == speed]
    return [gap_plot(cells), scatter_plot(points, UNITS[found.scale], speed)]


def gap_plot(cells: Sequence[ComparedCell]) -> Plot:
    """Both accuracy gaps and their difference, each with its interval, by repetitions."""
    places = np.arange(len(cells))
    with axes(height=3.8) as plot:
        plot.axhline(0.0, color="gray", linewidth=0.8)
        first = [cell.accuracy_gap_a for cell in cells]
        second = [cell.accuracy_gap_b for cell in cells]
        _bars(plot, places - 0.16, first, color=HELD_OUT, marker="s", label="gap, A")
        _bars(plot, places, second, color=INSERTED, marker="o", label="gap, B")
        moved = [
            Estimate(estimate=gap.change, low=gap.low, high=gap.high, confidence=gap.confidence)
            for gap in (cell.accuracy_gap for cell in cells)
        ]
        _bars(plot, places + 0.16, moved, color=CHANGE, marker="D", label="B minus A")
        plot.set_xticks(places, [str(cell.repetitions) for cell in cells])
        plot.set_xlim(-0.5, len(cells) - 0.5)
        plot.set_xlabel("copies in the training set")
        plot.set_ylabel("accuracy gap")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        words = "; ".join(
            f"{cell.repetitions} copies: A {_text(cell.accuracy_gap_a)}, B {_text(cell.accuracy_gap_b)}, "
            f"B minus A {difference_text(cell.accuracy_gap)}"
            for cell in cells
        )
        svg = inline_svg(plot, "gaps", "Accuracy gaps of A and B by repetitions", f"{words}.")
    sizes = sorted({cell.inserted for cell in cells})
    inserted = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    caption = (
        f"Accuracy gap between inserted and held-out canaries at {cells[0].speed:g} times speed, by A "
        f"(squares), by B (dots), and B minus A (diamonds), with 95 % intervals (n = {inserted} inserted "
        f"a level, {cells[0].held_out} held out). Diamonds whose bars reach 0 show no difference."
    )
    return Plot(svg, caption)


def scatter_plot(points: Sequence[ComparedCanary], unit: str, speed: float) -> Plot:
    """Membership score of each canary by A and by B, both arms; the line is where the two agree."""
    with axes(height=4.6) as plot:
        counts = []
        for arm, label, colour, marker in (
            ("held_out", "held out", HELD_OUT, "s"),
            ("inserted", "inserted", INSERTED, "o"),
        ):
            chosen = [item for item in points if item.arm == arm]
            above = sum(item.b > item.a for item in chosen)
            counts.append(f"{label}: {above} of {len(chosen)} have the higher score by B")
            drawn = _sample(chosen)
            plot.scatter(
                [item.a for item in drawn],
                [item.b for item in drawn],
                s=14,
                linewidths=0,
                alpha=0.6,
                color=colour,
                marker=marker,
                label=f"{label} (n = {len(chosen)})",
            )
        both = [score for item in points for score in (item.a, item.b)]
        ends = [min(both), max(both)]
        plot.plot(ends, ends, color="gray", linewidth=0.8, label="no change")
        plot.set_xlabel(f"membership score by A ({unit})")
        plot.set_ylabel("by B")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        description = (
            f"A point for each canary, {unit}, by A from left to right and by B upwards. {'; '.join(counts)}."
        )
        svg = inline_svg(plot, "scatter", "Membership of each canary by A and by B", description)
    caption = (
        f"Membership score of each canary at {speed:g} times speed, all repetition levels together, by A and "
        "by B: inserted canaries (dots) and held-out ones (squares). Above the line a canary is more like a "
        "member by B. What moves both arms alike is skill or scale; what moves dots off the squares is "
        "memorisation."
    )
    if len(points) > MOST_POINTS:
        caption += f" Of an arm with more than {MOST_POINTS} canaries an even sample is drawn."
    return Plot(svg, caption)


def _bars(plot: Axes, places: np.ndarray, found: Sequence[Estimate], **style: Any) -> None:
    middle, low, high = np.array([(item.estimate, item.low, item.high) for item in found]).T
    plot.errorbar(places, middle, [middle - low, high - middle], capsize=4, linestyle="", **style)


def _text(found: Estimate) -> str:
    return f"{found.estimate:+.2f} ({found.low:+.2f}, {found.high:+.2f})"


def _sample(chosen: Sequence[ComparedCanary]) -> Sequence[ComparedCanary]:
    """At most `MOST_POINTS` of them, evenly spread over the order of their ids."""
    if len(chosen) <= MOST_POINTS:
        return chosen
    return [chosen[at] for at in np.linspace(0, len(chosen) - 1, MOST_POINTS).astype(int)]
