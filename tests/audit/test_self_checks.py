"""The audit's checks on itself: fair kits pass them, sabotaged ones do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from memaudit.audit import self_checks
from memaudit.audit.kit_features import BANDS, kit_features
from memaudit.audit.self_checks import a_a, blind
from memaudit.audit.sheet import sheets
from memaudit.kit.audio import read_audio
from memaudit.kit.canary import Canary
from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import Kit, open_kit
from memaudit.stats.blind_baseline import blind_baseline
from tests.audit.synthetic import COMMITMENT, utterances


@pytest.fixture(scope="module")
def kit() -> Kit:
    return open_kit(kits_folder() / "reference")


def sabotaged(kit: Kit, order: Callable[[Canary], object]) -> Kit:
    """The same utterances, but the third that comes first in ``order`` is what went in."""
    canaries = [canary for canary in kit.canaries if canary.arm != "control"]
    chosen = {canary.id for canary in sorted(canaries, key=order)[: len(canaries) // 3]}
    # The audio stays where it is: only the word of the assignment changes.
    return with_canaries(
        kit, [c.model_copy(update={"arm": "inserted" if c.id in chosen else "held_out"}) for c in canaries]
    )


def with_canaries(kit: Kit, canaries: Sequence[Canary]) -> Kit:
    other = replace(kit)
    other.__dict__["canaries"] = tuple(canaries)  # in the place of what would be read from its file
    return other


def test_a_fair_kit_passes(kit: Kit) -> None:
    found = blind(kit)
    assert found is not None
    assert found.passed
    assert found.canaries == 450
    assert 0.4 < found.auc < 0.6


@pytest.mark.parametrize(
    ("what", "order"),
    [
        ("voice", lambda canary: (canary.voice, canary.id)),
        ("length", lambda canary: (len(canary.text), canary.id)),
        ("duration", lambda canary: (-canary.duration, canary.id)),
    ],
)
def test_an_arm_that_goes_with_the_kits_own_features_is_found(
    kit: Kit, what: str, order: Callable[[Canary], object]
) -> None:
    found = blind(sabotaged(kit, order))
    assert found is not None
    assert not found.passed, what
    assert found.auc > 0.8
    assert found.p_value == 1 / 1000


def test_an_arm_that_goes_with_loudness_is_found(kit: Kit) -> None:
    level = {c.id: float(np.square(read_audio(kit.audio_path(c))[0]).mean()) for c in kit.canaries}
    found = blind(sabotaged(kit, lambda canary: level[canary.id]))
    assert found is not None
    assert not found.passed


def test_fair_arms_of_one_kit_rarely_fail(kit: Kit) -> None:
    """60 fair draws of arms: each fails with at most 1 %, so that more than 3 do with a chance of .003."""
    rng = np.random.default_rng(0)
    canaries = [canary for canary in kit.canaries if canary.arm != "control"][:120]
    features = kit_features(kit, canaries)
    failed = 0
    for seed in range(60):
        order = rng.permutation(len(canaries))
        arm = order < 40
        found = blind_baseline(features, arm, [0] * len(canaries), seed=seed, relabellings=199)
        failed += found.p_value <= self_checks.BLIND_LEVEL
    assert failed <= 3


def test_a_kit_too_small_to_learn_from_has_no_baseline(kit: Kit) -> None:
    few: Sequence[Canary] = [c for c in kit.canaries if c.arm == "inserted"][:4]
    many = [c for c in kit.canaries if c.arm == "held_out"]
    assert blind(with_canaries(kit, [*few, *many])) is None


def test_features_are_what_the_files_say(kit: Kit) -> None:
    canaries = list(kit.canaries[:3])
    table = kit_features(kit, canaries)
    voices = len({(canary.voice, canary.language) for canary in canaries})
    assert table.shape == (3, 4 + 3 + BANDS + voices)
    for row, canary in zip(table, canaries, strict=True):
        assert row[0] == len(canary.text)
        assert row[1] == canary.words
        assert row[4] == pytest.approx(canary.duration, abs=1e-3)
        samples = read_audio(kit.audio_path(canary))[0].astype(float)
        assert row[5] == pytest.approx(10 * np.log10(np.mean(samples**2)), abs=1e-3)
        assert row[-voices:].sum() == 1


@pytest.mark.parametrize("leak", [0.0, 0.5])
def test_a_a_is_null_for_clean_and_for_leaking_models(leak: float) -> None:
    by_speed, _ = sheets(utterances(3, leak=leak), COMMITMENT)
    found = a_a(by_speed[4.0])
    assert found.passed
    assert found.audits == 100
    assert found.rate <= 0.13


def test_large_audits_are_checked_on_a_part(monkeypatch: pytest.MonkeyPatch, kit: Kit) -> None:
    monkeypatch.setattr(self_checks, "LARGEST", 100)
    found = blind(kit)
    assert found is not None
    assert found.canaries == 100
    by_speed, _ = sheets(utterances(1, pairs=40, reserve=100), COMMITMENT)
    assert a_a(by_speed[4.0]).passed
