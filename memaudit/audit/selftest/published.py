"""Values that others published, beside those of memaudit's functions."""

from __future__ import annotations

from collections.abc import Iterator

from memaudit.audit.selftest.trial import Trial, published
from memaudit.stats.binomial import binomial_interval
from memaudit.stats.epsilon import one_run_epsilon
from memaudit.stats.epsilon_fdp import fdp_estimate
from memaudit.stats.exposure import exposure_null_mean
from memaudit.stats.rate_gap import rate_gap
from memaudit.stats.tpr import held_out_needed

NEWCOMBE = "Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10"
STEINKE = "Steinke, Nasr and Jagielski 2023, theorem 5.2"
CLOPPER = "exact binomial limits, Clopper and Pearson 1934"
MAHLOUJIFAR = "Mahloujifar, Melis and Chaudhuri 2025, arXiv 2410.22235"
ALL_RIGHT = "logit(0.05^(1/r)): r guesses, all right"


def rate_gaps() -> Iterator[Trial]:
    """Newcombe's worked examples of the hybrid score interval."""
    cases = (
        (56, 70, 48, 80, 0.0524, 0.3339),
        (10, 10, 0, 20, 0.6791, 1.0),
        (5, 56, 0, 29, -0.0381, 0.1926),
    )
    for first, n, second, m, low, high in cases:
        found = rate_gap(first, n, second, m)
        name = f"difference {first}/{n} - {second}/{m}"
        yield published(f"{name}, low", NEWCOMBE, low, found.low, 4)
        yield published(f"{name}, high", NEWCOMBE, high, found.high, 4)


def rates() -> Iterator[Trial]:
    """Exact binomial limits: none and half of ten."""
    yield published("0 of 10, high", CLOPPER, 0.3085, binomial_interval(0, 10).high, 4)
    yield published("5 of 10, low", CLOPPER, 0.1871, binomial_interval(5, 10).low, 4)
    yield published("5 of 10, high", CLOPPER, 0.8129, binomial_interval(5, 10).high, 4)


def epsilons() -> Iterator[Trial]:
    """One-run bounds on epsilon, with and without delta."""
    for guesses, value in ((20, 1.82), (100, 3.49), (200, 4.19)):
        measured = one_run_epsilon(guesses, guesses)
        yield published(f"epsilon, {guesses} of {guesses} guesses right", ALL_RIGHT, value, measured, 2)
    for canaries, guesses, correct, delta, value in (
        (1000, 100, 75, 1e-4, 0.673),
        (100_000, 1510, 1439, 1e-5, 2.675),
    ):
        measured = one_run_epsilon(guesses, correct, 0.95, delta, canaries)
        name = f"epsilon, {correct} of {guesses} guesses right among {canaries}, delta {delta:g}"
        yield published(name, STEINKE, value, measured, 3)


def fdp_estimates() -> Iterator[Trial]:
    """Estimates of epsilon for a Gaussian mechanism."""
    for canaries, guesses, correct, delta, value in (
        (1000, 100, 75, 1e-4, 0.842),
        (100, 100, 80, 1e-5, 2.130),
    ):
        measured = fdp_estimate(guesses, correct, delta, "add-remove", 0.95, canaries).epsilon
        name = f"f-DP estimate, {correct} of {guesses} guesses right among {canaries}, delta {delta:g}"
        yield published(name, MAHLOUJIFAR, value, measured, 3)


def ranks() -> Iterator[Trial]:
    """Exposure expected of a canary that was never seen, and what a false positive rate takes to show."""
    carlini = "Carlini et al. 2019: the mean of log2(N) - log2(rank) over N + 1 equally likely ranks"
    measured = exposure_null_mean(100)
    yield published("exposure without memorisation, 100 held out, bits", carlini, 1.38, measured, 2)
    needed = float(held_out_needed(0.01))
    yield published("held-out canaries that show 1 % false positives", "1 - 0.99^n >= 0.95", 299, needed, 0)


PUBLISHED = (rate_gaps, rates, epsilons, fdp_estimates, ranks)
"""Every group of published values."""
