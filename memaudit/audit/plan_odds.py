"""How often the gate on the accuracy gap fails a leak and passes a clean model, for a design on paper.

The limits are the audit's own (`memaudit.stats.mean_gap`); approximated is only how they scatter over audits:
normally. A test holds the result against whole audits through the code that decides gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from memaudit.audit.plan_limits import limit_scatter

Floats = npt.NDArray[np.float64]

# Inserted arms that are drawn to see where a limit lies; fewer of those so large that each takes long.
CLEAN_DRAWS, LEAK_DRAWS, FEW_DRAWS = 48, 16, 8
LARGE = 400
# Where the limits are computed, between no and every canary memorised; elsewhere they are interpolated.
SHARES = np.linspace(0.0, 1.0, 13) ** 1.5
PLACES = 7
# What is so unlikely is left out.
NEVER = 1e-5
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True, eq=False)
class GapOdds:
    """The chances of one cell.

    Each inserted canary is memorised with chance q, independently, and then read perfectly; all others score
    as supposed. So the true gap is q (1 - mean score).

    Attributes:
        inserted: n1, canaries of the cell.
        held_out: n0, held-out canaries of its speed.
        scores: f8[v] supposed accuracies of what is not memorised, in [0, 1].
    """

    inserted: int
    held_out: int
    scores: Floats
    _whole: dict[float, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    @property
    def room(self) -> float:
        """The largest gap that there can be."""
        return 1.0 - float(self.scores.mean())

    def shown(self, gap: float, bound: float, level: float) -> float:
        """Chance that the lower limit of confidence `level` lies above `bound` if that is the true gap."""
        law = binom(self.inserted, self._share(gap))
        likely = np.linspace(law.ppf(NEVER), law.ppf(1.0 - NEVER), PLACES)
        return self._chance(gap, bound, self._lower_limits(likely, level))

    def shown_in_any(self, gap: float, bound: float, level: float, cells: int) -> float:
        """Chance that at least one of `cells` such cells shows that gap, which all of them have."""
        law = binom(self.inserted, self._share(gap))
        likely = np.linspace(law.ppf(NEVER), law.ppf(1.0 - NEVER), PLACES)
        means, totals = self._lower_limits(likely, level)
        # The held-out arm is common to the cells; given it, they are independent.
        shared = self._shared
        own = np.maximum(np.sqrt(np.maximum(totals**2 - shared**2, 0.0)), 1e-12)
        shown = ndtr((means - bound - shared * NODES[:, None]) / own) @ law.pmf(np.arange(self.inserted + 1))
        return float(WEIGHTS @ (1.0 - (1.0 - shown) ** cells) / WEIGHTS.sum())

    def smallest(self, power: float, bound: float, level: float) -> float | None:
        """The gap that is `shown` with that chance; None where none is, 0 where any is."""
        if level not in self._whole:
            self._whole[level] = self._lower_limits(SHARES * self.inserted, level)
        limits = self._whole[level]

        def missing(gap: float) -> float:
            return self._chance(gap, bound, limits) - power

        if missing(self.room) < 0.0:
            return None
        return 0.0 if missing(0.0) >= 0.0 else float(brentq(missing, 0.0, self.room, xtol=1e-6))

    def passed(self, bound: float, level: float, cells: int) -> float:
        """Chance that a model that memorised nothing has its upper limits in all of `cells` such cells at or
        below `bound`."""
        draws = CLEAN_DRAWS if self.inserted < LARGE else FEW_DRAWS
        limit = limit_scatter(self.inserted, 0, self.held_out, self.scores, level, "upper", draws)
        one = ndtr((bound - limit.mean + limit.shared * NODES) / max(limit.own, 1e-12))
        return float(WEIGHTS @ one**cells / WEIGHTS.sum())

    @property
    def _shared(self) -> float:
        """Deviation of a limit that comes from the held-out arm."""
        return float(self.scores.std() / np.sqrt(self.held_out))

    def _share(self, gap: float) -> float:
        return min(gap / self.room, 1.0) if self.room > 0.0 else 0.0

    def _chance(self, gap: float, bound: float, limits: tuple[Floats, Floats]) -> float:
        law = binom.pmf(np.arange(self.inserted + 1), self.inserted, self._share(gap))
        return float(law @ ndtr((limits[0] - bound) / limits[1]))

    def _lower_limits(self, memorised: Sequence[float] | Floats, level: float) -> tuple[Floats, Floats]:
        """Mean and deviation of the lower limit where 0, ..., n1 canaries are memorised, f8[n1 + 1] each.

        Computed at the given numbers of memorised canaries, held constant beyond them.
        """
        places = np.unique(np.round(memorised).astype(np.int64))
        draws = LEAK_DRAWS if self.inserted < LARGE else FEW_DRAWS
        found = [
            limit_scatter(self.inserted, int(place), self.held_out, self.scores, level, "lower", draws)
            for place in places
        ]
        every = np.clip(np.arange(self.inserted + 1), places[0], places[-1])
        means = np.array([limit.mean for limit in found])
        if places.size > 1:
            means = PchipInterpolator(places, means)(every)
        deviations = np.interp(every, places, [limit.total for limit in found])
        return means * np.ones(every.size), np.maximum(deviations, 1e-12)
