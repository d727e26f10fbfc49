"""The figures of a study's page, each from the figures of its conditions alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from memaudit.lab.study_findings import Findings
from memaudit.lab.study_ladder import ladder_plot
from memaudit.lab.study_pooled import Condition, PooledDose
from memaudit.lab.study_results import Figure
from memaudit.lab.study_trade import cost_plot, promise_plot, trade_plot
from memaudit.lab.study_words import ranged, signed
from memaudit.report.svg import Plot, axes, inline_svg

COLOURS = ("#1b1f24", "#d1495b", "#2e86ab", "#c77d0a", "#3a7d44", "#7b4ea3", "#8a6d3b", "#5c6770")
MARKERS = "osD^vP*X"
MOST = len(COLOURS)
"""Conditions that one figure can tell apart."""


def study_plots(found: Findings) -> list[Plot]:
    """Every figure that the study has data for."""
    everything = list(found.conditions.values())
    groups = (
        ("clipping", "clipping", ("baseline", "less", "example", "core", "adaptive", "private")),
        ("data", "data and model", ("baseline", "share", "size", "deduplicated", "augmented")),
    )
    plots = []
    for name, words, roles in groups:
        chosen = [condition for condition in everything if condition.role in roles][:MOST]
        if len(chosen) < 2 and name != "clipping":
            continue
        plots += [gap_plot(chosen, name, words), auc_plot(chosen, name, words)]
    for name in found.names("ladder"):
        plots.append(ladder_plot(found.conditions[name]))
    clipped = [
        c for c in everything if c.role in ("baseline", "less", "example", "core", "adaptive", "private")
    ]
    if len(clipped) > 1:
        plots.append(trade_plot(clipped))
    for name in found.names("private"):
        plots.append(promise_plot(found.of(name), found.conditions[name]))
    if found.costs:
        plots.append(cost_plot(found.costs))
    return plots


def gap_plot(conditions: Sequence[Condition], name: str, words: str) -> Plot:
    """Accuracy gap by repetitions, pooled over seeds, with 95 % intervals."""
    bars = [(c.title, c.fastest, [dose.gap for dose in c.fastest]) for c in conditions]
    text = "; ".join(
        f"{title}: " + ", ".join(f"{d.repetitions} copies {signed(d.gap)}" for d in doses)
        for title, doses, _ in bars
    )
    svg = _by_repetitions(
        bars, f"gap-{name}", "accuracy gap", f"Accuracy gap by repetitions, {words}", text, 0.0
    )
    return Plot(
        svg,
        f"Accuracy gap (inserted minus held out) by copies in the training set, {words}; 95 % intervals "
        f"from the canaries of all seeds ({_sizes(conditions)}). 0: inserted and held-out canaries are read "
        "alike.",
    )


def auc_plot(conditions: Sequence[Condition], name: str, words: str) -> Plot:
    """Loss AUC by repetitions: mean over seeds, least to largest."""
    bars = [(c.title, c.fastest, [dose.auc for dose in c.fastest]) for c in conditions]
    text = "; ".join(
        f"{title}: " + ", ".join(f"{d.repetitions} copies {ranged(d.auc)}" for d in doses)
        for title, doses, _ in bars
    )
    svg = _by_repetitions(
        bars, f"auc-{name}", "AUC of losses", f"Loss AUC by repetitions, {words}", text, 0.5
    )
    return Plot(
        svg,
        f"AUC of the losses of inserted against held-out canaries by copies in the training set, {words}: "
        "means over seeds, bars from the least to the largest. 0.5: losses don't tell who was in.",
    )


def _by_repetitions(
    bars: Sequence[tuple[str, Sequence[PooledDose], Sequence[Figure]]],
    name: str,
    label: str,
    title: str,
    description: str,
    nothing: float,
) -> Markup:
    with axes(height=3.6) as plot:
        levels = [dose.repetitions for dose in bars[0][1]]
        for number, (line, doses, figures) in enumerate(bars):
            places = np.log2([float(dose.repetitions) for dose in doses])
            middle, low, high = np.array(figures).T
            plot.errorbar(
                places + 0.07 * (number - (len(bars) - 1) / 2),
                middle,
                [np.maximum(0.0, middle - low), np.maximum(0.0, high - middle)],
                color="#010203" if number == 0 else COLOURS[number],
                marker=MARKERS[number],
                markersize=4,
                capsize=2,
                linewidth=1,
                label=line,
            )
        plot.axhline(nothing, color="gray", linestyle=":", linewidth=1)
        plot.set_xticks(np.log2(levels), [str(level) for level in levels])
        plot.set_xlabel("copies in the training set")
        plot.set_ylabel(label)
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return inline_svg(plot, name, title, description)


def _sizes(conditions: Sequence[Condition]) -> str:
    dose = conditions[0].fastest[-1]
    return f"n = {dose.n} inserted a level, {dose.held_out_n} held out"
