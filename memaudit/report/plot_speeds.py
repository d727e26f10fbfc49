"""The figure across speeds: what the model learnt of synthetic speech, and what it has memorised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.audit.results import ArmScores, Cell, Speed
from memaudit.report.svg import HELD_OUT, INSERTED, SMALL, Plot, axes, inline_svg, legend_above
from memaudit.report.words import interval, one_or_range


def speeds_plot(speeds: Sequence[Speed], cells: Sequence[Cell]) -> Plot:
    """Held-out accuracy by speed with chance, and that of the inserted canaries of most repetitions."""
    ordered = sorted(speeds, key=lambda item: item.speed)
    tops = [
        max((cell for cell in cells if cell.speed == item.speed), key=lambda cell: cell.repetitions)
        for item in ordered
    ]
    places = np.log2([item.speed for item in ordered])
    arms = (
        ("held out", [item.held_out for item in ordered], HELD_OUT, "s", -0.02),
        ("inserted, most copies", [cell.inserted for cell in tops], INSERTED, "o", 0.02),
    )
    with axes(**SMALL) as plot:
        for label, scores, colour, marker, shift in arms:
            middle, low, high = np.array(
                [(arm.accuracy, arm.accuracy_low, arm.accuracy_high) for arm in scores]
            ).T
            plot.errorbar(
                places + shift,
                middle,
                [np.maximum(0.0, middle - low), np.maximum(0.0, high - middle)],
                color=colour,
                marker=marker,
                markersize=5,
                capsize=3,
                label=label,
                clip_on=False,
            )
        chance = [np.nan if item.held_out.chance is None else item.held_out.chance for item in ordered]
        plot.plot(places, chance, color=HELD_OUT, linestyle=":", label="chance")
        plot.set_xticks(places, [f"{item.speed:g}x" for item in ordered])
        plot.set_xlim(places[0] - 0.2, places[-1] + 0.2)
        plot.set_ylim(-0.03, 1.03)
        plot.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        plot.set_xlabel("speed")
        plot.set_ylabel("characters right")
        legend_above(plot)
        description = " ".join(
            f"{item.speed:g} times speed: held out {_arm(item.held_out)}; inserted {cell.repetitions} times "
            f"{_arm(cell.inserted)}."
            for item, cell in zip(ordered, tops, strict=True)
        )
        svg = inline_svg(plot, "speeds", "Accuracy by speed", description)
    return Plot(
        svg,
        "Accuracy by speed, with 95 % intervals: held-out canaries (squares, n = "
        f"{one_or_range([item.held_out.n for item in ordered])} a speed) show what the model has learnt of "
        f"synthetic speech; inserted ones of most repetitions (dots, n = "
        f"{one_or_range([cell.inserted.n for cell in tops])} a speed) what it reads where it was trained on "
        "them. Where held-out canaries fall to chance, what is still read is memorised.",
    )


def _arm(arm: ArmScores) -> str:
    chance = "" if arm.chance is None else f", chance {arm.chance:.2f}"
    return f"{interval(arm.accuracy, arm.accuracy_low, arm.accuracy_high)}{chance}, n = {arm.n}"
