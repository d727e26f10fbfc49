"""The differential privacy of a run with clipped examples, noise and Poisson sampling.

Adjacency: one utterance more or one less ("add/remove one"), where one copy of a canary is one utterance. The
figures hold for `Clipping("dp", ...)` as `train` runs it: each step takes each utterance with the same
probability, on its own (Poisson sampling), adds Gaussian noise to the sum of the clipped gradients, and
divides by a number that does not depend on the data. Shuffled batches of one size are another mechanism,
whose epsilon these figures may understate (Chua et al. 2024, How Private are DP-SGD Implementations?).

A canary with r copies is a group of r utterances, and memaudit's `group` epsilon is a lower bound for the
group. Its `single` epsilon is that divided by r, which is below the epsilon of one utterance by group privacy
(`memaudit.stats.group_privacy`). The theory's side of the comparison is ``epsilon_of(..., copies=r)``, which
is far below r times the epsilon of one utterance, since few of the copies fall into the same step. Where a
kit's pairs put one of two canaries in (``replace-one``), a group is taken out and another put in: ask for
``adjacency="replace-one"``.

This is a control of the auditor, not a release: torch's random numbers are no cryptographic ones, and
floating-point noise leaks in ways that the theory leaves out (Mironov 2012).
"""

from __future__ import annotations

import math
from typing import Literal

from dp_accounting import NeighboringRelation as Relation
from dp_accounting.pld import privacy_loss_distribution as losses
from scipy.optimize import brentq
from scipy.stats import binom

from memaudit.errors import UsageError

Adjacency = Literal["add-remove", "replace-one"]

#: Width of the bins of a privacy loss; it is rounded so that epsilon comes out too large, by about 0.01.
INTERVAL = 3e-3
#: Log of the probability a step that is cut off and counted as lost; far below any delta by the steps.
TRUNCATION = -32
#: Noise multipliers among which `noise_for` looks.
LEAST_NOISE, MOST_NOISE = 0.25, 100.0


def epsilon_of(
    noise_multiplier: float,
    sample_rate: float,
    steps: int,
    delta: float,
    *,
    copies: int = 1,
    adjacency: Adjacency = "add-remove",
) -> float:
    """Epsilon at ``delta``, never too small; infinite without noise.

    The privacy loss distribution of one step (Gaussian noise; a mixture of Gaussians over how many of the
    copies are in the step: Ganesh 2024, Tight Group-Level DP Guarantees for DP-SGD with Sampling via Mixture
    of Gaussians Mechanisms), composed by the package dp-accounting.

    Args:
        noise_multiplier: standard deviation of the noise on the sum, by the clipping bound.
        sample_rate: the probability of an utterance to be in a step, above 0 and at most 1.
        steps: how many.
        delta: above 0 and below 1.
        copies: the size r of the group that is in or out.
        adjacency: ``replace-one`` of one utterance has a privacy loss of its own. For groups the way is that
            by the data without either group, (epsilon, delta) twice: (2 epsilon, (1 + e^epsilon) delta). That
            is true but loose.

    Raises:
        UsageError: for numbers out of their range.
    """
    _check(noise_multiplier, sample_rate, steps, delta, copies)
    if noise_multiplier == 0:
        return math.inf
    run = _step(noise_multiplier, sample_rate, copies, adjacency).self_compose(steps)
    if copies == 1 or adjacency == "add-remove":
        return float(run.get_epsilon_for_delta(delta))

    def excess(epsilon: float) -> float:
        return (1 + math.exp(epsilon)) * float(run.get_delta_for_epsilon(epsilon)) - delta

    if excess(0.0) <= 0:
        return 0.0
    high = 1.0
    while excess(high) > 0:
        high *= 2
        if high > 500:
            return math.inf
    return 2 * float(brentq(excess, 0.0, high, xtol=1e-4)) + 2e-4


def noise_for(
    epsilon: float,
    sample_rate: float,
    steps: int,
    delta: float,
    *,
    copies: int = 1,
    adjacency: Adjacency = "add-remove",
) -> float:
    """The least noise multiplier, to within 0.001, at which `epsilon_of` is at most ``epsilon``.

    Raises:
        UsageError: for numbers out of their range, or an epsilon that no multiplier from `LEAST_NOISE` to
            `MOST_NOISE` gives.
    """
    _check(1.0, sample_rate, steps, delta, copies)
    if not 0 < epsilon < math.inf:
        raise UsageError(f"an epsilon of {epsilon}", how="give a number above 0")

    def excess(noise: float) -> float:
        return epsilon_of(noise, sample_rate, steps, delta, copies=copies, adjacency=adjacency) - epsilon

    low = high = 1.0
    while excess(high) > 0:
        low, high = high, 2 * high
        if high > MOST_NOISE:
            raise UsageError(
                f"an epsilon of {epsilon} needs noise above {MOST_NOISE}", how="ask for a larger epsilon"
            )
    while low == high or excess(low) <= 0:
        high, low = low, low / 2
        if low < LEAST_NOISE:
            raise UsageError(
                f"an epsilon of {epsilon} needs noise below {LEAST_NOISE}", how="ask for a smaller epsilon"
            )
    return float(brentq(excess, low, high, xtol=2e-4)) + 5e-4


def _step(
    noise_multiplier: float, sample_rate: float, copies: int, adjacency: Adjacency
) -> losses.PrivacyLossDistribution:
    if copies == 1:  # for add-remove the same as the mixture below, and faster
        relation = Relation.REPLACE_ONE if adjacency == "replace-one" else Relation.ADD_OR_REMOVE_ONE
        return losses.from_gaussian_mechanism(
            noise_multiplier,
            sampling_prob=sample_rate,
            neighboring_relation=relation,
            value_discretization_interval=INTERVAL,
            log_mass_truncation_bound=TRUNCATION,
        )
    return losses.from_mixture_gaussian_mechanism(
        noise_multiplier,
        [float(number) for number in range(copies + 1)],
        [float(binom.pmf(number, copies, sample_rate)) for number in range(copies + 1)],
        value_discretization_interval=INTERVAL,
        log_mass_truncation_bound=TRUNCATION,
    )


def _check(noise: float, sample_rate: float, steps: int, delta: float, copies: int) -> None:
    if not 0 <= noise < math.inf:
        raise UsageError(f"a noise multiplier of {noise}", how="give a number of at least 0")
    if not 0 < sample_rate <= 1:
        raise UsageError(f"a sample rate of {sample_rate}", how="give a share of the data above 0")
    if steps < 1 or copies < 1:
        raise UsageError(f"{steps} steps and {copies} copies", how="give at least 1 of each")
    if not 0 < delta < 1:
        raise UsageError(f"a delta of {delta}", how="give a number between 0 and 1, such as 1e-5")
