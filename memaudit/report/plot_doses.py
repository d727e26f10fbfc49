"""Figures by repetitions: accuracy, recall and exposure of the inserted canaries beside the held-out ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from memaudit.audit.figures import recall_curve
from memaudit.audit.results import Cell, RecallHalf
from memaudit.report.svg import HELD_OUT, INSERTED, SMALL, Plot, axes, inline_svg, legend_above
from memaudit.report.words import copies, half_words, interval, one_or_range

Bars = Sequence[tuple[float, float, float]]
"""Estimates with their limits: (estimate, low, high)."""


def accuracy_plot(cells: Sequence[Cell]) -> Plot:
    """Accuracy of inserted canaries by repetitions against the held-out ones and against chance."""
    held_out = cells[0].held_out
    inserted = [
        (arm.accuracy, arm.accuracy_low, arm.accuracy_high) for arm in (cell.inserted for cell in cells)
    ]
    others = (held_out.accuracy, held_out.accuracy_low, held_out.accuracy_high)
    with axes(**SMALL) as plot:
        places = _dose_axis(plot, cells)
        plot.axhspan(*others[1:], color=HELD_OUT, alpha=0.2, linewidth=0)
        if held_out.chance is not None:
            plot.axhline(held_out.chance, color=HELD_OUT, linestyle=":", label="chance")
        _both_arms(plot, places, inserted, others)
        _share_axis(plot, "characters right")
        description = _shares(cells, inserted, others)
        if held_out.chance is not None:
            description += f" Chance {held_out.chance:.2f}."
        svg = inline_svg(plot, "accuracy", "Accuracy by repetitions", description)
    return Plot(
        svg,
        f"Accuracy by repetitions at {cells[0].speed:g} times speed: characters that come out right, of "
        "inserted canaries (dots) and of held-out ones (square and band), with 95 % intervals; "
        f"{_sizes(cells)}. A model that has memorised nothing reads both alike: the intervals "
        "reach the band.",
    )


def recall_plot(cells: Sequence[Cell], half: RecallHalf | None) -> Plot:
    """Share of canaries transcribed without a fault, the fitted curve, and where it reaches one half."""
    held_out = cells[0].held_out
    inserted = [(arm.exact, arm.exact_low, arm.exact_high) for arm in (cell.inserted for cell in cells)]
    others = (held_out.exact, held_out.exact_low, held_out.exact_high)
    with axes(**SMALL) as plot:
        places = _dose_axis(plot, cells)
        _both_arms(plot, places, inserted, others)
        if half is not None and half.repetitions is not None:
            _half_recall(plot, half, places)
        _share_axis(plot, "read without a fault")
        description = f"{_shares(cells, inserted, others)} {half_words(half)}"
        svg = inline_svg(plot, "recall", "Recall by repetitions: dose and response", description)
    return Plot(
        svg,
        f"Dose and response at {cells[0].speed:g} times speed: canaries transcribed without a fault, with "
        f"95 % intervals; {_sizes(cells)}. {half_words(half)}",
    )


def exposure_plot(cells: Sequence[Cell]) -> Plot:
    """Mean exposure by repetitions, with its ceiling and the mean that no memorisation gives."""
    first = cells[0].exposure
    bars = [(cell.exposure.mean, cell.exposure.low, cell.exposure.high) for cell in cells]
    with axes(**SMALL) as plot:
        places = _dose_axis(plot, cells, held_out=False)
        plot.axhline(first.ceiling, color=INSERTED, linestyle="--", label="ceiling")
        _bars(plot, places, bars, "inserted", INSERTED, "o")
        plot.axhline(first.null_mean, color=HELD_OUT, linestyle=":", label="no memorisation")
        plot.set_ylim(0, first.ceiling * 1.05)
        plot.set_ylabel("exposure, bits")
        legend_above(plot)
        words = "; ".join(
            f"{copies(cell.repetitions)} {interval(*bar, digits=1)}"
            for cell, bar in zip(cells, bars, strict=True)
        )
        svg = inline_svg(
            plot,
            "exposure",
            "Exposure by repetitions",
            f"{words} bits. Ceiling {first.ceiling:.1f}, without memorisation {first.null_mean:.1f}.",
        )
    return Plot(
        svg,
        f"Mean exposure by repetitions at {cells[0].speed:g} times speed, with 95 % intervals; "
        f"{_sizes(cells)}. The ceiling of {first.ceiling:.1f} bits is what this number of held-out canaries "
        f"can show at most; {first.null_mean:.1f} bits is the mean of a model that has memorised nothing.",
    )


def _dose_axis(plot: Axes, cells: Sequence[Cell], *, held_out: bool = True) -> npt.NDArray[np.float64]:
    """Doublings of the copies from left to right; held-out canaries stand at their left, as 0 copies."""
    places = np.log2([float(cell.repetitions) for cell in cells])
    ticks, names = places.tolist(), [str(cell.repetitions) for cell in cells]
    if held_out:
        ticks, names = [float(places[0]) - 1.0, *ticks], ["0", *names]
    plot.set_xticks(ticks, names)
    plot.set_xlim(ticks[0] - 0.4, ticks[-1] + 0.4)
    plot.set_xlabel("copies in the training set")
    return places


def _both_arms(
    plot: Axes, places: npt.NDArray[np.float64], inserted: Bars, held_out: tuple[float, float, float]
) -> None:
    _bars(plot, places[:1] - 1.0, [held_out], "held out", HELD_OUT, "s")
    _bars(plot, places, inserted, "inserted", INSERTED, "o")


def _bars(
    plot: Axes, places: npt.NDArray[np.float64], bars: Bars, label: str, colour: str, marker: str
) -> None:
    middle, low, high = np.array(bars).T
    plot.errorbar(
        places,
        middle,
        [np.maximum(0.0, middle - low), np.maximum(0.0, high - middle)],
        color=colour,
        marker=marker,
        markersize=5,
        capsize=3,
        linestyle="",
        label=label,
        clip_on=False,
    )


def _half_recall(plot: Axes, half: RecallHalf, places: npt.NDArray[np.float64]) -> None:
    """The curve, where these results have it, and half recall with its interval inside the figure."""
    if half.repetitions is None:
        return
    left, right = float(places[0]) - 0.3, float(places[-1]) + 0.3
    if half.slope is not None and half.floor is not None:
        drawn = np.linspace(left, right, 61)
        curve = recall_curve(2.0**drawn, half.repetitions, half.slope, half.floor)
        plot.plot(drawn, curve, color=INSERTED, linewidth=1.2)
    low = max(left, float(np.log2(half.low)) if half.low > 0 else left)
    high = right if half.high is None else min(right, float(np.log2(half.high)))
    plot.hlines(0.5, low, high, color="gray", linewidth=1.5)
    plot.plot([np.log2(half.repetitions)], [0.5], color="gray", marker="D", linestyle="", label="half recall")


def _share_axis(plot: Axes, label: str) -> None:
    plot.set_ylim(-0.03, 1.03)
    plot.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    plot.set_ylabel(label)
    legend_above(plot)


def _shares(cells: Sequence[Cell], inserted: Bars, held_out: tuple[float, float, float]) -> str:
    words = "; ".join(
        f"{copies(cell.repetitions)} {interval(*bar)}" for cell, bar in zip(cells, inserted, strict=True)
    )
    return f"Inserted: {words}. Held out {interval(*held_out)}. {_sizes(cells)}."


def _sizes(cells: Sequence[Cell]) -> str:
    """How many canaries stand behind a figure."""
    inserted = one_or_range([cell.inserted.n for cell in cells])
    return f"n = {inserted} inserted a level, {cells[0].held_out.n} held out"
