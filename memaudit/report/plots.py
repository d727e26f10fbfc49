"""The figures of a report, each from results alone."""

from __future__ import annotations

from memaudit.audit.results import Results
from memaudit.report import plot_doses, plot_scores, plot_speeds
from memaudit.report.svg import Plot

__all__ = ["Plot", "plots"]


def plots(results: Results) -> list[Plot]:
    """What was found at the fastest speed, by repetitions and by membership, and across the speeds.

    Figures whose data older results do not have are left out.
    """
    speed = results.primary_speed
    cells = sorted((cell for cell in results.cells if cell.speed == speed), key=lambda cell: cell.repetitions)
    half = next(item.recall_half for item in results.speeds if item.speed == speed)
    found = [plot_doses.accuracy_plot(cells), plot_doses.recall_plot(cells, half)]
    found.append(plot_doses.exposure_plot(cells))
    curves = [item for item in results.roc if item.speed == speed]
    if curves:
        found.append(plot_scores.roc_plot(curves, cells))
    unit = "minus loss a token, nats" if results.membership == "loss" else "accuracy"
    found.extend(
        plot_scores.membership_plot(item, unit) for item in results.histograms if item.speed == speed
    )
    if len(results.speeds) > 1:
        found.append(plot_speeds.speeds_plot(results.speeds, results.cells))
    return found
