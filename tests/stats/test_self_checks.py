"""The A/A check and the blind baseline: rates that they promise, sabotage that they see, naive versions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, mannwhitneyu, rankdata

from memaudit.stats.a_a import AACheck, a_a_check
from memaudit.stats.blind_baseline import RIDGE, blind_baseline, ranks
from memaudit.stats.checks import StatisticError
from memaudit.stats.randomisation import randomisation_test


def design(seed: int, strata: int = 4, pairs: int = 10, reserve: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Labels that coins drew inside strata, and the strata."""
    rng = np.random.default_rng(seed)
    arm, groups = [], []
    for stratum in range(strata):
        coins = rng.random(pairs) < 0.5
        arm += [*coins, *~coins, *[False] * reserve]
        groups += [stratum] * (2 * pairs + reserve)
    return np.array(arm), np.array(groups)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (40, 5)])
@pytest.mark.parametrize("digits", [0, 1, 12])
def test_ranks_are_those_of_scipy(shape: tuple[int, int], digits: int) -> None:
    scores = np.random.default_rng(2).normal(size=shape).round(digits)
    assert np.array_equal(ranks(scores), rankdata(scores, axis=0))


def test_a_a_counts_the_detections_of_plain_tests() -> None:
    arm, groups = design(0)
    values = np.random.default_rng(1).normal(size=arm.size)
    found = a_a_check(values, arm, groups, seed=5, audits=40, relabellings=99)
    rng = np.random.default_rng(5)
    detected = 0
    for audit in range(40):
        drawn = arm.copy()
        for stratum in range(4):
            rows = np.flatnonzero(groups == stratum)
            drawn[rows] = rng.permutation(arm[rows])
        test = randomisation_test(values, drawn, groups, seed=5 + audit, relabellings=99)
        detected += test.p_value <= 0.05
    assert found == AACheck(40, detected, 0.05, bool(binom.sf(detected - 1, 40, 0.05) > 0.001))
    assert found.rate == detected / 40


@pytest.mark.parametrize("kind", ["normal", "ties", "leak"])
def test_a_a_passes_whatever_the_values(kind: str) -> None:
    arm, groups = design(2)
    rng = np.random.default_rng(3)
    values = {
        "normal": rng.normal(size=arm.size),
        "ties": np.where(rng.random(arm.size) < 0.9, 0.0, rng.random(arm.size)),
        "leak": rng.normal(size=arm.size) + 5.0 * arm,
    }[kind]
    assert all(a_a_check(values, arm, groups, seed=seed, audits=100).passed for seed in range(5))


def test_a_a_fails_where_detections_are_more_than_chance() -> None:
    """A level that the tests do not keep: as a broken tie rule or join would look."""
    arm, groups = design(4)
    values = np.random.default_rng(5).normal(size=arm.size)
    strict = a_a_check(values, arm, groups, seed=0, audits=100, level=0.2)
    assert strict.passed
    assert not binom.sf(strict.detected - 1, 100, 0.05) > 0.001


def naive_auc(features: np.ndarray, arm: np.ndarray, fold: np.ndarray) -> float:
    """Each fold's ridge regression by the normal equations with an intercept column, then pairs counted."""
    scores = np.zeros(arm.size)
    for part in np.unique(fold):
        learnt = fold != part
        centre, scale = features[learnt].mean(axis=0), features[learnt].std(axis=0)
        x = np.column_stack([np.ones(learnt.sum()), (features[learnt] - centre) / scale])
        penalty = np.diag([0.0] + [RIDGE * learnt.sum()] * features.shape[1])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ arm[learnt].astype(float))
        test = (features[fold == part] - centre) / scale
        scores[fold == part] = test @ weights[1:]
    wins = scores[arm][:, None] - scores[~arm][None, :]
    return float((wins > 0).mean() + (wins == 0).mean() / 2)


def test_the_area_is_that_of_the_normal_equations() -> None:
    arm, _ = design(6)
    features = np.random.default_rng(7).normal(size=(arm.size, 5))
    features[:, 2] += arm
    fold = np.random.default_rng(11).permutation(np.arange(arm.size) % 5)
    found = blind_baseline(features, arm, np.zeros(arm.size, int), seed=11, relabellings=1)
    assert found.auc == pytest.approx(naive_auc(features, arm, fold), abs=1e-12)
    assert (found.features, found.canaries) == (5, arm.size)


def test_one_feature_gives_mann_whitneys_area() -> None:
    """With one strong feature every fold has the same sign, so the order is the feature's own."""
    arm, groups = design(8)
    feature = np.random.default_rng(9).normal(size=arm.size) * 0.01 + arm
    found = blind_baseline(feature[:, None], arm, groups, seed=1)
    whole = mannwhitneyu(feature[arm], feature[~arm]).statistic / (arm.sum() * (~arm).sum())
    assert found.auc == pytest.approx(whole, abs=0.01)
    assert found.p_value == 1 / 1000


def test_features_that_say_nothing_are_chance() -> None:
    arm, groups = design(10)
    constant = np.full((arm.size, 3), 7.25)
    found = blind_baseline(constant, arm, groups, seed=2, relabellings=99)
    assert (found.auc, found.p_value, found.features) == (0.5, 1.0, 0)


def test_false_alarms_stay_at_the_level() -> None:
    """300 fair kits, features that differ between strata: at 5 % at most 5 % of them, within 3 errors."""
    alarms = {"speed": 0, "strata": 0}
    for seed in range(300):
        arm, groups = design(seed, pairs=6, reserve=6)
        rng = np.random.default_rng(1000 + seed)
        features = rng.normal(size=(arm.size, 8)) + groups[:, None]
        features[:, 0] = groups
        for name, inside in (("speed", np.zeros(arm.size, int)), ("strata", groups)):
            found = blind_baseline(features, arm, inside, seed=seed, relabellings=99)
            alarms[name] += found.p_value <= 0.05
    bound = 300 * 0.05 + 3 * np.sqrt(300 * 0.05 * 0.95)
    assert alarms["strata"] <= bound
    assert alarms["speed"] <= bound


def test_a_difference_between_strata_is_seen_when_they_are_not_held_fixed() -> None:
    """An arm that goes with the voice: inside voices there is nothing left to deal."""
    voice = np.repeat([0, 1], 40)
    arm = voice == 1
    features = np.column_stack([voice, np.random.default_rng(0).normal(size=80)])
    assert blind_baseline(features, arm, np.zeros(80, int), seed=3).p_value == 1 / 1000
    assert blind_baseline(features, arm, voice, seed=3).p_value == 1.0


@pytest.mark.parametrize(
    ("features", "arm", "message"),
    [
        ([[np.nan]] * 20, [True] * 10 + [False] * 10, "no table of finite numbers"),
        ([1.0] * 20, [True] * 10 + [False] * 10, "no table of finite numbers"),
        ([[1.0]] * 20, [True] * 3 + [False] * 17, "fewer canaries than 5 folds"),
        ([[1.0]] * 19, [True] * 10 + [False] * 10, "inserted and features"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(features: list, arm: list, message: str) -> None:
    with pytest.raises(StatisticError, match=message):
        blind_baseline(features, arm, [0] * len(arm), seed=0)
