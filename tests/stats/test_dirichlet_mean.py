from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from memaudit.stats import dirichlet_mean
from memaudit.stats.contour import tabulate_law
from memaudit.stats.dirichlet_mean import DirichletMean, with_end

RNG = np.random.default_rng(20)
SAMPLES = {
    "even": RNG.beta(2, 10, 300),
    "all zero": np.zeros(300),
    "all zero but three": np.concatenate([np.zeros(297), [0.1, 0.3, 1.0]]),
    "zero or one": (RNG.random(300) < 0.1).astype(float),
    "narrow": RNG.uniform(0.149, 0.151, 300),
    "tenths": RNG.binomial(10, 0.2, 300) / 10,
}


@pytest.mark.parametrize(("n", "k"), [(1, 0), (5, 2), (20, 19), (120, 3), (399, 200)])
def test_zero_one_atoms_give_beta(n: int, k: int) -> None:
    law = DirichletMean(np.repeat([0.0, 1.0], [n - k, k + 1]))
    points = np.linspace(0, 1, 201)
    assert law.cdf(points) == pytest.approx(stats.beta.cdf(points, k + 1, n - k), abs=1e-12)
    assert law.quantile(0.975) == pytest.approx(stats.beta.ppf(0.975, k + 1, n - k), abs=1e-10)


def test_three_atoms_from_the_formula() -> None:
    """Uniform weights on a triangle: the density rises from 0 to 2/(c - a) at b and falls again."""
    a, b, c = 0.1, 0.4, 0.9
    law = DirichletMean(np.array([a, b, c]))
    points = np.linspace(0, 1, 101)
    assert law.cdf(points) == pytest.approx(stats.triang.cdf(points, (b - a) / (c - a), a, c - a), abs=1e-12)


@pytest.mark.parametrize("sample", SAMPLES)
def test_simulated_weights(sample: str) -> None:
    atoms = np.sort(np.append(SAMPLES[sample][:40], 1.0))
    law, draws = DirichletMean(atoms), 40_000
    means = RNG.dirichlet(np.ones(atoms.size), draws) @ atoms
    places = np.quantile(means, [0.01, 0.1, 0.5, 0.9, 0.99])
    # Kolmogorov's distance of 2 / sqrt(draws) has probability 7e-4.
    assert np.abs(law.cdf(places) - [0.01, 0.1, 0.5, 0.9, 0.99]).max() < 2 / np.sqrt(draws)
    assert law.mean == pytest.approx(means.mean(), abs=5 * law.deviation / np.sqrt(draws))
    assert law.deviation == pytest.approx(means.std(), rel=0.03)


@pytest.mark.parametrize("sample", SAMPLES)
def test_contour_integral_agrees_with_the_spline(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = np.sort(np.append(SAMPLES[sample], 1.0))
    exact = DirichletMean(atoms)
    levels = (1e-6, 0.005, 0.025, 0.3, 0.5, 0.7, 0.975, 0.995, 1 - 1e-6)
    expected = [exact.quantile(level) for level in levels]
    monkeypatch.setattr(dirichlet_mean, "EXACT_ATOMS", 10)
    found = [DirichletMean(atoms).quantile(level) for level in levels]
    assert np.abs(np.array(found) - expected).max() < 1e-4 * exact.deviation


@pytest.mark.parametrize(("n", "k"), [(1000, 0), (1000, 5), (20_000, 0), (20_000, 10_000)])
def test_contour_integral_of_many_zero_one_atoms(n: int, k: int) -> None:
    law = DirichletMean(np.repeat([0.0, 1.0], [n - k, k + 1]))
    for level in (0.005, 0.025, 0.5, 0.975, 0.995):
        point = stats.beta.ppf(level, k + 1, n - k)
        assert law.cdf(np.array([point]))[0] == pytest.approx(level, abs=5e-6)


def test_merging_a_large_sample_moves_the_law_by_nothing_that_counts() -> None:
    values = np.append(np.sort(RNG.beta(2, 10, 3000)), 1.0)
    points, scores = tabulate_law(values)
    middle = np.abs(scores) < 3
    sums = np.array([float((values - t).sum()) for t in points])
    squares = np.array([float(((values - t) ** 2).sum()) for t in points])
    # By 3,001 exponentials the mean is nearly normal, but for its skewness; merging is far below this.
    assert np.abs(scores - -sums / np.sqrt(squares))[middle].max() < 0.15
    assert (np.diff(points) > 0).all()
    assert (np.diff(scores) > 0).all()


def test_ends_and_constants() -> None:
    law = DirichletMean(np.array([0.2, 0.2, 0.7]))
    assert law.cdf(np.array([0.1, 0.2, 0.7, 0.9])).tolist() == [0.0, 0.0, 1.0, 1.0]
    constant = DirichletMean(np.array([0.3, 0.3]))
    assert constant.constant
    assert constant.quantile(0.975) == 0.3
    assert constant.cdf(np.array([0.29, 0.3])).tolist() == [0.0, 1.0]


def test_laws_are_remembered_whatever_the_order_of_the_sample() -> None:
    assert with_end(np.array([0.5, 0.25]), 1.0) is with_end(np.array([0.25, 0.5]), 1.0)
    assert with_end(np.array([0.5, 0.25]), 0.0).atoms.tolist() == [0.0, 0.25, 0.5]
