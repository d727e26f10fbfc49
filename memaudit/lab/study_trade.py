"""Figures of what less memorisation costs, and of what privacy was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from memaudit.lab.study_pooled import Condition
from memaudit.lab.study_results import Victim
from memaudit.lab.study_words import mean_range, number, ranged, signed
from memaudit.report.svg import HELD_OUT, INSERTED, Plot, axes, inline_svg

#: role -> how it is drawn and called.
ROLES = {
    "baseline": ("#010203", "o", "no clipping"),
    "less": ("gray", "s", "no clipping, trained less"),
    "example": ("#2e86ab", "D", "per example"),
    "core": ("#c77d0a", "^", "per core"),
    "adaptive": ("#3a7d44", "v", "adaptive per core"),
    "private": ("#7b4ea3", "P", "with noise (DP)"),
}
KINDS = {"none": "none", "example": "per example", "core": "per core", "adaptive": "adaptive", "dp": "DP"}


def trade_plot(conditions: Sequence[Condition]) -> Plot:
    """Ordinary word error rate against the accuracy gap at most copies: nearer to the lower left is "
    "better."""
    with axes(height=3.8) as plot:
        for role, (colour, marker, label) in ROLES.items():
            chosen = [condition for condition in conditions if condition.role == role]
            if not chosen:
                continue
            chosen.sort(key=lambda condition: condition.wer.estimate)
            wer = np.array([condition.wer for condition in chosen]).T
            gap = np.array([condition.fastest[-1].gap for condition in chosen]).T
            plot.errorbar(
                wer[0],
                gap[0],
                yerr=[np.maximum(0.0, gap[0] - gap[1]), np.maximum(0.0, gap[2] - gap[0])],
                xerr=[np.maximum(0.0, wer[0] - wer[1]), np.maximum(0.0, wer[2] - wer[0])],
                color=colour,
                marker=marker,
                capsize=2,
                linewidth=1,
                linestyle="--" if len(chosen) > 1 else "",
                label=label,
            )
        plot.axhline(0.0, color="gray", linestyle=":", linewidth=1)
        plot.set_xlabel("word error rate on ordinary speech")
        plot.set_ylabel("accuracy gap")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        text = "; ".join(
            f"{condition.title}: WER {ranged(condition.wer, 3)}, gap {signed(condition.fastest[-1].gap)}"
            for condition in conditions
        )
        svg = inline_svg(plot, "trade", "Word error rate against memorisation", text)
    copies = conditions[0].fastest[-1].repetitions
    return Plot(
        svg,
        f"What less memorisation costs: accuracy gap at {copies} copies (95 % intervals over all seeds) "
        "against the word error rate on ordinary test sentences (mean, least to largest over seeds). What "
        "clipping gives is what lies below the line of the victims that were only trained less.",
    )


def promise_plot(victims: Sequence[Victim], condition: Condition) -> Plot:
    """What DP training promised for each number of copies, and memaudit's lower bounds."""
    doses = [item.repetitions for item in victims[0].privacy]
    promised = [item.promised for item in victims[0].privacy]
    bounds = [[p.bound or 0.0 for v in victims for p in v.privacy if p.repetitions == dose] for dose in doses]
    with axes() as plot:
        plot.plot(doses, promised, color=HELD_OUT, marker="s", label="promised epsilon")
        plot.plot(
            doses, [max(item) for item in bounds], color=INSERTED, marker="o", label="largest lower bound"
        )
        plot.set_xscale("log", base=2)
        plot.set_yscale("symlog", linthresh=0.1)
        plot.set_xticks(doses, [str(dose) for dose in doses])
        plot.minorticks_off()
        plot.set_xlabel("copies in the training set")
        plot.set_ylabel("epsilon for all copies")
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        text = "; ".join(
            f"{dose} copies: promised {limit:.3g}, bounds {mean_range(found)}"
            for dose, limit, found in zip(doses, promised, bounds, strict=True)
        )
        svg = inline_svg(plot, "promise", "Epsilon: promised and found", text)
    return Plot(
        svg,
        f"{condition.title}: the epsilon that training promised for exchanging all copies of a canary (delta "
        f"{victims[0].privacy[0].delta:.1g}), and the largest of memaudit's one-run lower bounds over "
        f"{len(victims)} seed{'s' * (len(victims) > 1)}. A bound above its promise would be a fault of one "
        "of them.",
    )


def cost_plot(costs: Mapping[str, float]) -> Plot:
    """Time of a training step by kind of clipping, in steps without clipping."""
    names = [KINDS.get(kind, kind) for kind in costs]
    values = list(costs.values())
    with axes(height=2.6) as plot:
        plot.barh(range(len(names)), values, color=HELD_OUT)
        plot.set_yticks(range(len(names)), names)
        plot.invert_yaxis()
        plot.axvline(1.0, color="gray", linestyle=":")
        plot.set_xlabel("time of a step, without clipping = 1")
        text = "; ".join(f"{name} {number(value)}" for name, value in zip(names, values, strict=True))
        svg = inline_svg(plot, "cost", "Cost of a step", text)
    return Plot(svg, "Time of a training step by kind of clipping, as a multiple of a step without clipping.")
