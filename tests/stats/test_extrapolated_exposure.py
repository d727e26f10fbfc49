from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.stats import anderson as scipy_anderson

from memaudit.stats.checks import StatisticError
from memaudit.stats.exposure import exposure, exposure_ceiling
from memaudit.stats.extrapolated_exposure import (
    ExtrapolatedExposure,
    anderson_darling,
    extrapolated_exposure,
)
from memaudit.stats.skew_normal import fit_skew_normal

Draw = Callable[[np.random.Generator, int], np.ndarray]
LAWS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "thin upper tail": lambda rng, n: stats.skewnorm.rvs(-5, size=n, random_state=rng),
    "thick upper tail": lambda rng, n: stats.skewnorm.rvs(4, size=n, random_state=rng),
    "losses of many tokens": lambda rng, n: -rng.gamma(9.0, size=n),
}


def naive_exposure(score: float, held_out: np.ndarray, refits: int, rng: np.random.Generator) -> float:
    """-log2 of the mean tail over refits, by scipy's law and one refit after another."""

    def parameters(sample: np.ndarray) -> tuple[float, float, float]:
        found = fit_skew_normal(sample[None, :])
        return float(found.shape[0]), float(found.location[0]), float(found.scale[0])

    fitted = parameters(held_out)
    tails = []
    for _ in range(refits):
        sample = stats.skewnorm.rvs(*fitted, size=held_out.size, random_state=rng)
        tails.append(stats.skewnorm.sf(score, *parameters(sample)))
    return -float(np.log2(np.mean(tails)))


def test_naive_version() -> None:
    rng = np.random.default_rng(2)
    held_out = rng.normal(size=150)
    found = extrapolated_exposure([0.0, 2.0, 3.0], held_out, 60.0)
    assert found.values is not None
    for score, value, error in zip([0.0, 2.0, 3.0], found.values.tolist(), [0.01, 0.1, 0.4], strict=True):
        assert value == pytest.approx(naive_exposure(score, held_out, 400, rng), abs=error)


def test_where_it_can_be_counted_it_is_the_exposure() -> None:
    """10,000 held-out canaries: the fitted tail agrees with the rank."""
    rng = np.random.default_rng(4)
    held_out, scores = rng.normal(size=10_000), np.array([0.0, 1.0, 2.0, 2.5])
    counted = exposure(scores, held_out).values
    fitted = extrapolated_exposure(scores, held_out, 60.0).values
    assert fitted == pytest.approx(counted, abs=0.4)
    assert fitted == pytest.approx(-np.log2(stats.norm.sf(scores)), abs=0.35)


def test_beyond_the_ceiling_and_up_to_the_cap() -> None:
    held_out = np.random.default_rng(5).normal(size=120)
    found = extrapolated_exposure([12.0, 3.5, -1.0], held_out, 40.0)
    assert found.status == "fitted"
    assert found.values is not None
    assert found.values[0] == 40.0
    assert exposure_ceiling(120) < found.values[1] < 40.0
    assert (found.beyond, found.capped) == (2, 1)
    assert found.mean == pytest.approx(found.values.mean())
    assert found.median == found.values[1]


@pytest.mark.parametrize("name", LAWS)
def test_canaries_that_were_never_inserted_seldom_have_many_bits(name: str) -> None:
    """The promise of b bits: no more than 2 of 2^b such canaries, at 100 held-out ones and b = 8."""
    rng, draw, over, seen = np.random.default_rng(6), LAWS[name], [], 0
    for _ in range(120):
        held_out, fresh = draw(rng, 100), draw(rng, 1000)
        # Only the upper tail matters, and only it is looked at.
        upper = fresh[fresh > np.quantile(held_out, 0.9)]
        found = extrapolated_exposure(upper, held_out, 60.0) if upper.size else None
        if found is not None and found.values is not None:
            over.append(int((found.values >= 8.0).sum()))
            seen += fresh.size
    assert len(over) > 60
    error = np.std(over) * np.sqrt(len(over)) / seen
    assert np.sum(over) / seen <= 2 / 2**8 + 2 * error


def test_a_fit_is_rejected_no_more_often_than_promised_where_it_is_right() -> None:
    rng, rejected = np.random.default_rng(7), 0
    for _ in range(200):
        rejected += extrapolated_exposure([0.0], rng.normal(size=100), 60.0).status == "rejected"
    assert rejected / 200 <= 0.1 + 3 * np.sqrt(0.09 / 200)


@pytest.mark.parametrize("name", ["exponential", "two kinds", "heavy tails"])
def test_other_laws_are_rejected(name: str) -> None:
    rng, rejected = np.random.default_rng(8), 0
    for _ in range(20):
        held_out = {
            "exponential": -rng.exponential(size=200),
            "two kinds": np.where(rng.random(200) < 0.5, -4.0, 0.0) + rng.normal(size=200),
            "heavy tails": rng.standard_t(2, size=200),
        }[name]
        found = extrapolated_exposure([0.0], held_out, 60.0)
        rejected += found.status == "rejected"
        if found.status == "rejected":
            assert found.values is None
            assert found.p_value is not None
            assert found.p_value <= 0.1
    assert rejected >= 18


def test_error_rates_and_small_kits_get_nothing() -> None:
    rng = np.random.default_rng(9)
    rates = extrapolated_exposure([1.0], rng.binomial(20, 0.2, 300) / 20, 60.0)
    assert (rates.status, rates.values, rates.mean, rates.beyond) == ("not continuous", None, None, 1)
    few = extrapolated_exposure([9.0], rng.normal(size=99), 60.0)
    assert (few.status, few.values, few.p_value) == ("too few", None, None)


def test_anderson_darling_is_scipys() -> None:
    sample = np.random.default_rng(1).normal(2.0, 3.0, size=80)
    standard = (sample - sample.mean()) / sample.std(ddof=1)
    theirs = scipy_anderson(sample, "norm", method="interpolate").statistic
    assert anderson_darling(stats.norm.cdf(standard)[None, :])[0] == pytest.approx(theirs)


def test_unit_and_order_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    scores, held_out = rng.normal(1.0, size=8), rng.normal(size=150)
    before = extrapolated_exposure(scores, held_out, 60.0)
    after = extrapolated_exposure(5 * scores - 3, rng.permutation(5 * held_out - 3), 60.0)
    assert before.values is not None
    assert after.values == pytest.approx(before.values)
    monkeypatch.setattr("memaudit.stats.extrapolated_exposure.PLACES", 7)
    tabulated = extrapolated_exposure(np.sort(scores), held_out, 60.0)
    assert tabulated.values == pytest.approx(np.sort(before.values), abs=0.3)
    assert tabulated.values is not None
    assert tabulated.values[-1] == pytest.approx(before.values.max())


def test_refusals() -> None:
    for inserted, held_out, cap in [
        ([], [1.0], 9.0),
        ([1.0], [], 9.0),
        ([np.inf], [1.0], 9.0),
        ([1.0], [1.0], 0.0),
    ]:
        with pytest.raises(StatisticError):
            extrapolated_exposure(inserted, held_out, cap)
    with pytest.raises(StatisticError):
        extrapolated_exposure([1.0], [1.0], 9.0, fit_level=0.0)
    with pytest.raises(StatisticError):
        ExtrapolatedExposure("rejected", np.zeros(1), 0.0, 0.0, 0, 0, 0.01)
