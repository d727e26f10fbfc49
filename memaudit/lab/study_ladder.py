"""The figure "speed ladder": why canaries are sped up."""

from __future__ import annotations

import numpy as np

from memaudit.lab.study_pooled import Condition, PooledDose
from memaudit.lab.study_words import ranged, signed
from memaudit.report.svg import HELD_OUT, INSERTED, Plot, axes, inline_svg


def ladder_plot(condition: Condition) -> Plot:
    """Accuracy of inserted (most copies) and held-out canaries at each speed, and the gap between them."""
    speeds = sorted({dose.speed for dose in condition.doses})
    tops = [_top(condition, speed) for speed in speeds]
    lines = (
        ("held out", [dose.held_out for dose in tops], HELD_OUT, "s"),
        (f"inserted, {tops[0].repetitions} copies", [dose.accuracy for dose in tops], INSERTED, "o"),
        ("gap", [dose.gap for dose in tops], "gray", "D"),
    )
    with axes() as plot:
        for label, figures, colour, marker in lines:
            middle, low, high = np.array(figures).T
            plot.errorbar(
                speeds,
                middle,
                [np.maximum(0.0, middle - low), np.maximum(0.0, high - middle)],
                color=colour,
                marker=marker,
                capsize=3,
                label=label,
                clip_on=False,
            )
        plot.set_xticks(speeds, [f"{speed:g}x" for speed in speeds])
        plot.set_ylim(min(0.0, *(dose.gap.low for dose in tops)) - 0.03, 1.03)
        plot.set_xlabel("speed of the canaries")
        plot.set_ylabel("characters right")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        text = "; ".join(
            f"{dose.speed:g} times: held out {ranged(dose.held_out)}, inserted {ranged(dose.accuracy)}, gap "
            f"{signed(dose.gap)}"
            for dose in tops
        )
        svg = inline_svg(plot, "ladder", "Speed ladder", text)
    return Plot(
        svg,
        f"Speed ladder: accuracy of held-out canaries and of those that were in {tops[0].repetitions} times, "
        "means over seeds (least to largest), and the gap with its 95 % interval over all seeds "
        f"(n = {tops[0].n} inserted, {tops[0].held_out_n} held out a speed). At speed 1 the model reads "
        "canaries that it has never heard, so reading one proves nothing. Sped up, only those that were in "
        "are read.",
    )


def _top(condition: Condition, speed: float) -> PooledDose:
    return max((d for d in condition.doses if d.speed == speed), key=lambda dose: dose.repetitions)
