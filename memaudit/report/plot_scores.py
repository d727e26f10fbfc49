"""Figures of membership: ROC curves, and the scores of both arms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.audit.results import Cell, Histogram, Roc
from memaudit.report.svg import HELD_OUT, INSERTED, SMALL, Plot, axes, inline_svg, legend_above
from memaudit.report.words import copies, interval, one_or_range

CURVES = (
    ("#2e86ab", "-"),
    ("#1d8f7a", "--"),
    ("#b9731c", "-."),
    ("#9b5fc0", (0, (5, 1))),
    ("#d1495b", "-"),
)
"""Colour and line of each ROC curve; of more levels so many are drawn, with both ends."""


def roc_plot(curves: Sequence[Roc], cells: Sequence[Cell]) -> Plot:
    """True against false positive rate by repetitions, with the areas below the curves."""
    chosen = _spread(sorted(curves, key=lambda curve: curve.repetitions), len(CURVES))
    areas = {cell.repetitions: cell.auc for cell in cells}
    words = []
    with axes(**SMALL) as plot:
        plot.plot([0, 1], [0, 1], color="gray", linewidth=0.8, linestyle=":")
        for curve, (colour, line) in zip(chosen, CURVES[-len(chosen) :], strict=True):
            found = areas[curve.repetitions]
            area = interval(found.estimate, found.low, found.high)
            words.append(f"{copies(curve.repetitions)} {area}")
            plot.plot(
                curve.fpr,
                curve.tpr,
                color=colour,
                linestyle=line,
                linewidth=1.5,
                label=f"{curve.repetitions}: {area}",
            )
        plot.set_xlim(-0.02, 1.02)
        plot.set_ylim(-0.02, 1.02)
        plot.set_xlabel("held-out canaries called members")
        plot.set_ylabel("inserted canaries found")
        plot.legend(loc="lower right", title="copies: AUC", handlelength=2.5, fontsize=8, title_fontsize=8)
        description = f"Area under the curve, with 95 % intervals: {'; '.join(words)}. The diagonal has 0.50."
        svg = inline_svg(plot, "roc", "ROC curves by repetitions", description)
    sizes = one_or_range([cell.inserted.n for cell in cells])
    return Plot(
        svg,
        f"ROC curves at {cells[0].speed:g} times speed: of the inserted canaries of each level (n = {sizes} "
        f"a level) the share that scores above a threshold, against the share of the {cells[0].held_out.n} "
        "held-out ones. Without memorisation the curves follow the dotted diagonal; the AUC has a 95 % "
        "interval.",
    )


def membership_plot(counts: Histogram, unit: str) -> Plot:
    """Membership scores of both arms as shares of each arm."""
    edges = np.array(counts.edges)
    with axes(**SMALL) as plot:
        for label, colour, line, arm in (
            ("inserted", INSERTED, "-", counts.inserted),
            ("held out", HELD_OUT, "--", counts.held_out),
        ):
            shares = np.array(arm) / max(1, sum(arm))
            plot.stairs(shares, edges, color=colour, fill=True, alpha=0.3)
            plot.stairs(shares, edges, color=colour, linestyle=line, label=f"{label} (n = {sum(arm)})")
        plot.set_xlabel(f"membership score ({unit})")
        plot.set_ylabel("share of the arm")
        legend_above(plot)
        description = (
            f"Two histograms over {edges[0]:.2f} to {edges[-1]:.2f}: {sum(counts.inserted)} inserted and "
            f"{sum(counts.held_out)} held-out canaries. {_overlap(counts):.0%} of the two overlap."
        )
        svg = inline_svg(plot, "membership", "Membership scores of both arms", description)
    return Plot(
        svg,
        f"Membership scores at {counts.speed:g} times speed, all repetition levels together: "
        f"{sum(counts.inserted)} inserted canaries (full line) and {sum(counts.held_out)} held-out ones "
        "(dashed). Where the model has memorised nothing the two shapes agree.",
    )


def _overlap(counts: Histogram) -> float:
    first = np.array(counts.inserted) / max(1, sum(counts.inserted))
    second = np.array(counts.held_out) / max(1, sum(counts.held_out))
    return float(np.minimum(first, second).sum())


def _spread(curves: Sequence[Roc], most: int) -> list[Roc]:
    """At most so many, the first and the last among them."""
    if len(curves) <= most:
        return list(curves)
    return [curves[at] for at in np.linspace(0, len(curves) - 1, most).round().astype(int)]
