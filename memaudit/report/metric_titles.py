"""What a gate on each metric asks, in a line."""

from __future__ import annotations

TITLES = {
    "accuracy_gap": "Canaries that were trained on are transcribed better than canaries that were not",
    "exact_gap": "Canaries that were trained on are more often transcribed without a fault",
    "exposure": "Canaries that were trained on rank above canaries that were not",
    "auc": "Canaries that were trained on can be told from canaries that were not",
    "epsilon": "Lower bound on the privacy loss for one copy",
    "verdict": "The audit as a whole can neither fail nor pass the model",
}


def title(metric: str) -> str:
    """A sentence without its full stop; a plain one for a metric that has none of its own.

    >>> title("some_figure")
    'Gate on some figure'
    """
    return TITLES.get(metric, f"Gate on {metric.replace('_', ' ')}")
