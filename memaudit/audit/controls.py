"""Does the model read ordinary sentences? If not, it is not loaded as it was trained."""

from __future__ import annotations

import numpy as np

from memaudit.audit.results import Controls
from memaudit.audit.sheet import Sheet
from memaudit.stats.bounded_mean import mean_interval

MARGIN = 0.2
"""How far above chance the lower bound of the controls' accuracy must lie."""


def check_controls(sheet: Sheet, confidence: float = 0.95) -> Controls:
    """Controls pass where the lower bound of their mean accuracy is above chance by `MARGIN`.

    A kit without at least two controls cannot show that the model is loaded properly: not passed.
    """
    n = len(sheet.rows)
    if n < 2:
        return Controls(n=n, accuracy=None, low=None, chance=None, passed=False)
    interval = mean_interval(sheet.accuracy, confidence)
    chance = float(np.mean(sheet.chance))
    return Controls(
        n=n,
        accuracy=interval.estimate,
        low=interval.low,
        chance=chance,
        passed=interval.low > chance + MARGIN,
    )
