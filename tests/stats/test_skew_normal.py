from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from memaudit.stats.skew_normal import SkewNormal, fit_skew_normal


def law(location: float, scale: float, shape: float) -> SkewNormal:
    return SkewNormal(np.array([location]), np.array([scale]), np.array([shape]))


@given(st.floats(-5, 5), st.floats(0.1, 10), st.floats(-8, 8), st.floats(-3, 3))
def test_agrees_with_scipy(location: float, scale: float, shape: float, z: float) -> None:
    x = location + scale * z
    ours = law(location, scale, shape)
    assert ours.cdf(np.array([x]))[0, 0] == pytest.approx(
        stats.skewnorm.cdf(x, shape, location, scale), abs=1e-9
    )
    assert np.exp(ours.log_sf(np.array([x])))[0, 0] == pytest.approx(
        stats.skewnorm.sf(x, shape, location, scale), abs=1e-9
    )


@pytest.mark.parametrize("shape", [-8.0, -2.0, -0.3, 0.0, 0.5, 5.0])
@pytest.mark.parametrize("z", [0.5, 1.0, 2.0, 3.5])
def test_the_tail_by_integration(shape: float, z: float) -> None:
    """Down to 1e-178, where the plain formula is a difference of two equal numbers."""

    def density(t: float) -> float:
        return float(2 * np.exp(-(t**2) / 2 + stats.norm.logcdf(shape * t)) / np.sqrt(2 * np.pi))

    reach = 12 / (1 + max(-shape, 0) * 2)
    integral = quad(density, z, z + reach, epsabs=0, epsrel=1e-11, limit=500)[0]
    assert law(0, 1, shape).log_sf(np.array([z]))[0, 0] == pytest.approx(np.log(integral), rel=1e-8)


def test_fit_by_moments_gives_the_moments_back() -> None:
    rng = np.random.default_rng(3)
    samples = np.stack(
        [
            rng.normal(size=300),
            1 + 2 * stats.skewnorm.rvs(4, size=300, random_state=rng),
            -rng.gamma(9, 1, 300),
        ]
    )
    found = fit_skew_normal(samples)
    for row, sample in enumerate(samples):
        mean, variance, skew = stats.skewnorm.stats(
            found.shape[row], found.location[row], found.scale[row], moments="mvs"
        )
        expected = sample.mean(), sample.var(), stats.skew(sample)
        assert (mean, variance, skew) == pytest.approx(expected, abs=1e-9)
    # More skewed than any skew-normal: the nearest that there is.
    assert stats.skewnorm.stats(*_parameters(rng.exponential(size=(1, 500))), moments="s") == pytest.approx(
        0.99
    )


def _parameters(sample: np.ndarray) -> tuple[float, float, float]:
    found = fit_skew_normal(sample)
    return float(found.shape[0]), float(found.location[0]), float(found.scale[0])


def test_draws_follow_the_law() -> None:
    two = SkewNormal(np.array([0.0, 3.0]), np.array([1.0, 2.0]), np.array([-4.0, 1.5]))
    drawn = two.draw(4000, np.random.default_rng(5))
    assert stats.kstest(drawn[0], stats.skewnorm(-4.0).cdf).pvalue > 1e-3
    assert stats.kstest(drawn[1], stats.skewnorm(1.5, 3.0, 2.0).cdf).pvalue > 1e-3
