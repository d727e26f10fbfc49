"""The figures of a report, each from results alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from memaudit.audit.results import Cell, Histogram, Results
from memaudit.report.svg import HELD_OUT, INSERTED, axes, inline_svg


@dataclass(frozen=True)
class Plot:
    """A figure and the words below it."""

    svg: Markup
    caption: str


def plots(results: Results) -> list[Plot]:
    """Accuracy and exposure by repetitions, and the membership scores of both arms, at the fastest speed."""
    speed = results.primary_speed
    cells = sorted((cell for cell in results.cells if cell.speed == speed), key=lambda cell: cell.repetitions)
    found = [accuracy_plot(cells), exposure_plot(cells)]
    unit = "minus loss a token, nats" if results.membership == "loss" else "accuracy"
    found.extend(membership_plot(item, unit) for item in results.histograms if item.speed == speed)
    return found


def _repetition_axis(plot: Axes, cells: Sequence[Cell]) -> np.ndarray:
    places = np.arange(len(cells))
    plot.set_xticks(places, [str(cell.repetitions) for cell in cells])
    plot.set_xlim(-0.5, len(cells) - 0.5)
    plot.set_xlabel("copies in the training set")
    return places


def _error_bars(
    plot: Axes,
    places: np.ndarray,
    bars: Sequence[tuple[float, float, float]],
    label: str,
    linestyle: str = "-",
) -> None:
    """Estimates with their limits, each (estimate, low, high)."""
    means, lows, highs = np.array(bars).T
    plot.errorbar(
        places,
        means,
        [means - lows, highs - means],
        color=INSERTED,
        marker="o",
        capsize=4,
        linestyle=linestyle,
        label=label,
    )


def accuracy_plot(cells: Sequence[Cell]) -> Plot:
    """Accuracy of inserted canaries by repetitions against the held-out ones and against chance."""
    held_out = cells[0].held_out
    with axes() as plot:
        places = _repetition_axis(plot, cells)
        plot.axhspan(held_out.accuracy_low, held_out.accuracy_high, color=HELD_OUT, alpha=0.25, linewidth=0)
        plot.axhline(held_out.accuracy, color=HELD_OUT, label="held out")
        bars = [
            (arm.accuracy, arm.accuracy_low, arm.accuracy_high) for arm in (cell.inserted for cell in cells)
        ]
        _error_bars(plot, places, bars, label="inserted")
        if held_out.chance is not None:
            plot.axhline(held_out.chance, color=HELD_OUT, linestyle=":", label="chance")
        plot.set_ylim(-0.02, 1.02)
        plot.set_ylabel("characters right")
        plot.legend(loc="upper left")
        words = "; ".join(
            f"{cell.repetitions} copies {cell.inserted.accuracy:.2f} "
            f"({cell.inserted.accuracy_low:.2f} to {cell.inserted.accuracy_high:.2f})"
            for cell in cells
        )
        description = (
            f"Inserted: {words}. Held out {held_out.accuracy:.2f} ({held_out.accuracy_low:.2f} to "
            f"{held_out.accuracy_high:.2f}), n = {held_out.n}."
        )
        svg = inline_svg(plot, "accuracy", "Accuracy by repetitions", description)
    caption = (
        f"Accuracy by repetitions at {cells[0].speed:g} times speed, with 95 % intervals: inserted canaries "
        f"(n = {cells[0].inserted.n} a level) and held-out canaries (n = {held_out.n}). A model that has "
        "memorised nothing reads both alike: the intervals reach the band."
    )
    return Plot(svg, caption)


def exposure_plot(cells: Sequence[Cell]) -> Plot:
    """Mean exposure by repetitions, with its ceiling and the mean that no memorisation gives."""
    first = cells[0].exposure
    with axes() as plot:
        places = _repetition_axis(plot, cells)
        bars = [(cell.exposure.mean, cell.exposure.low, cell.exposure.high) for cell in cells]
        plot.axhline(first.ceiling, color=INSERTED, linestyle="--", label="ceiling of this kit")
        _error_bars(plot, places, bars, label="mean", linestyle="")
        plot.axhline(first.null_mean, color=HELD_OUT, linestyle=":", label="without memorisation")
        plot.set_ylim(0, first.ceiling * 1.05)
        plot.set_ylabel("exposure, bits")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        words = "; ".join(
            f"{cell.repetitions} copies {cell.exposure.mean:.1f} ({cell.exposure.low:.1f} to "
            f"{cell.exposure.high:.1f})"
            for cell in cells
        )
        description = (
            f"{words} bits. Ceiling {first.ceiling:.1f}, without memorisation {first.null_mean:.1f}."
        )
        svg = inline_svg(plot, "exposure", "Exposure by repetitions", description)
    caption = (
        "Mean exposure by repetitions, with 95 % intervals. The ceiling is what this number of held-out "
        "canaries can show at most; the dotted line is the mean of a model that has memorised nothing."
    )
    return Plot(svg, caption)


def membership_plot(counts: Histogram, unit: str) -> Plot:
    """Membership scores of both arms as shares of each arm."""
    edges = np.array(counts.edges)
    with axes() as plot:
        for label, colour, arm in (
            ("inserted", INSERTED, counts.inserted),
            ("held out", HELD_OUT, counts.held_out),
        ):
            total = max(1, sum(arm))
            shares = np.array(arm) / total
            plot.stairs(shares, edges, color=colour, fill=True, alpha=0.35)
            plot.stairs(shares, edges, color=colour, label=f"{label} (n = {sum(arm)})")
        plot.set_xlabel(f"membership score ({unit})")
        plot.set_ylabel("share of the arm")
        plot.legend(loc="best")
        description = (
            f"Two histograms over {edges[0]:.2f} to {edges[-1]:.2f}: {sum(counts.inserted)} inserted and "
            f"{sum(counts.held_out)} held-out canaries. {_overlap(counts):.0%} of the two overlap."
        )
        svg = inline_svg(plot, "membership", "Membership scores of both arms", description)
    caption = (
        f"Membership scores at {counts.speed:g} times speed, all repetition levels together. Where the model "
        "has memorised nothing the two shapes agree."
    )
    return Plot(svg, caption)


def _overlap(counts: Histogram) -> float:
    first = np.array(counts.inserted) / max(1, sum(counts.inserted))
    second = np.array(counts.held_out) / max(1, sum(counts.held_out))
    return float(np.minimum(first, second).sum())
