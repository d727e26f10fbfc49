"""Dose and response: at how many repetitions half of the canaries are recalled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtri

from memaudit.stats.checks import Floats, StatisticError, average, count, same_length, share, vector
from memaudit.stats.floored_logistic import Counts, profile

Status = Literal["reached", "not reached", "already reached", "undefined"]
# Doublings below the least and above the largest dose in which half recall is looked for, and places in each.
BEYOND, PLACES = 12, 4
# Log likelihoods that differ by less are one plateau: a step fits as well anywhere between two doses.
PLATEAU = 1e-4


@dataclass(frozen=True, slots=True)
class DoseResponse:
    """Repetitions at which half of the inserted canaries are recalled.

    Args:
        status: "reached" within the doses that were given, "not reached" by the largest, "already reached"
            below the least; "undefined" where held-out canaries are read as often as that.
        half: repetitions at half recall; None unless reached.
        low, high: limits of the repetitions at half recall; 0 and infinity where the data don't bound it.
        slope: growth of the log odds with a doubling of the dose, at the best fit.
        floor: rate at which held-out canaries are read, at the best fit.
        confidence: of the interval.
    """

    status: Status
    half: float | None
    low: float
    high: float
    slope: float
    floor: float
    confidence: float

    def __post_init__(self) -> None:
        inside = self.half is None or self.low <= self.half <= self.high
        if not (
            0.0 <= self.low <= self.high and inside and (self.half is None) == (self.status != "reached")
        ):
            raise StatisticError(
                f"{self.status} at {self.half}, {self.low} to {self.high}", where="half recall"
            )


def dose_response(
    doses: ArrayLike,
    recalled: ArrayLike,
    n: ArrayLike,
    floor_recalled: int,
    floor_n: int,
    confidence: float = 0.95,
) -> DoseResponse:
    """Logistic fit of exact recall on log2 of the dose, above the rate of the held-out canaries.

    The floor is fitted with the curve, from inserted and held-out canaries alike (Abbott's correction;
    Finney, Probit Analysis, 1971, chapter 7). The interval of the dose at half recall holds every value whose
    profile deviance is small (Venzon and Moolgavkar, Applied Statistics 37, 1988, 87-94), and is open where
    the data don't bound it. Small is judged by the quantile of F with 1 and as many degrees of freedom as
    there are
    canaries a dose: with the chi-squared quantile, which it tends to, simulated coverage at 95 % is 92 to 94
        % for
    10 to 20 canaries a dose.

    Where the response falls with the dose, as with speed, give reciprocal doses and take reciprocals back.

    Args:
        doses: f8[J] distinct doses above 0, such as 1, 2, 4, 8, 16 repetitions; J >= 2.
        recalled: [J] how many of the inserted canaries of each dose are recalled.
        n: [J] how many there are.
        floor_recalled: how many held-out canaries come out right.
        floor_n: how many there are.
        confidence: two-sided.

    Raises:
        StatisticError: for counts or doses that are none, or a confidence not between 0 and 1.
    """
    counts = _counts(doses, recalled, n, floor_recalled, floor_n)
    allowed = float(fdtri(1, average(counts.n), share(confidence, "confidence"))) / 2.0
    if 2 * counts.floor_recalled >= counts.floor_n:
        floor = counts.floor_recalled / counts.floor_n
        return DoseResponse("undefined", None, 0.0, np.inf, 0.0, floor, confidence)
    lowest, highest = float(counts.x.min()), float(counts.x.max())
    steps = round((highest - lowest + 2 * BEYOND) * PLACES) + 1
    places = np.linspace(lowest - BEYOND, highest + BEYOND, steps)
    values = profile(counts, places, 8)[0]
    best = _best_place(counts, places, values)
    top, slope, floors = profile(counts, np.array([best]))
    least = float(max(top[0], values.max())) - allowed
    kept = places[values >= least]
    inner = float(min(kept.min(initial=best), best)), float(max(kept.max(initial=best), best))
    step = float(places[1] - places[0])
    low = 0.0 if inner[0] <= places[0] else 2.0 ** _crossing(counts, inner[0] - step, inner[0], least)
    high = np.inf if inner[1] >= places[-1] else 2.0 ** _crossing(counts, inner[1] + step, inner[1], least)
    status: Status = "reached"
    if best > highest:
        status = "not reached"
    elif best < lowest:
        status = "already reached"
    half = min(max(2.0**best, low), high) if status == "reached" else None
    return DoseResponse(status, half, low, high, float(slope[0]), float(floors[0]), confidence)


def _best_place(counts: Counts, places: Floats, values: Floats) -> float:
    """Place of the largest profile likelihood; the middle of it where that is a plateau."""
    flat = places[values >= values.max() - PLATEAU]
    if flat.size > 2:
        return float(flat[0] + flat[-1]) / 2.0
    place, reach = float(places[values.argmax()]), float(places[1] - places[0])
    for _ in range(5):
        near = place + reach * np.linspace(-1.0, 1.0, 13)
        place, reach = float(near[profile(counts, near)[0].argmax()]), reach / 6.0
    return place


def _crossing(counts: Counts, outside: float, inside: float, least: float) -> float:
    """Where between two places the profile likelihood falls below `least`, rounded outwards."""
    for _ in range(5):
        near = np.linspace(inside, outside, 12)
        beyond = profile(counts, near[1:-1])[0] < least
        first = int(np.argmax(np.append(beyond, True))) + 1
        inside, outside = float(near[first - 1]), float(near[first])
    return outside


def _counts(doses: ArrayLike, recalled: ArrayLike, n: ArrayLike, floor_recalled: int, floor_n: int) -> Counts:
    amounts = vector(doses, "doses", least=2)
    if (amounts <= 0).any() or np.unique(amounts).size < amounts.size:
        raise StatisticError("are not distinct and above 0", where="doses", how="give each dose once")
    right, sizes = vector(recalled, "recalled"), vector(n, "n")
    same_length(amounts, right, "doses and recalled")
    same_length(amounts, sizes, "doses and n")
    if (
        (right < 0).any()
        or (right > sizes).any()
        or (sizes < 1).any()
        or (right % 1 != 0).any()
        or (sizes % 1 != 0).any()
    ):
        raise StatisticError("are not counts of n canaries", where="recalled", how="give 0 <= recalled <= n")
    total = count(floor_n, "floor_n", least=1)
    return Counts(np.log2(amounts), right, sizes, count(floor_recalled, "floor_recalled", most=total), total)
