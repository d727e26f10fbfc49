from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import RecipeError
from memaudit.kit.speech import SpeechRequest, speak
from memaudit.kit.speed import PEAK, at_level, change_speed
from tests.kit.recipes import unhurried

RATE = 16_000


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def tone(frequency: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def strongest(samples: np.ndarray) -> float:
    windowed = samples * np.hanning(samples.size)
    return float(np.argmax(np.abs(np.fft.rfft(windowed))) * RATE / samples.size)


@settings(unhurried, max_examples=60)
@given(
    size=st.integers(1, 40_000),
    factor=st.floats(1, 10),
    level=st.floats(0.005, 0.2),
    method=st.sampled_from(["tempo", "resample", "pitch"]),
    seed=st.integers(0, 1000),
)
def test_length_is_exact_and_level_is_kept(
    size: int, factor: float, level: float, method: str, seed: int
) -> None:
    samples = (level * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)
    changed = change_speed(samples, factor, RATE, method)
    assert changed.dtype == np.float32
    assert changed.size == (size if method == "pitch" or factor == 1 else round(size / factor))
    assert np.isfinite(changed).all()
    if changed.size > 4000:
        assert rms(changed) == pytest.approx(rms(samples), rel=1e-4)
        assert np.abs(changed).max() <= PEAK + 1e-6
    assert np.array_equal(changed, change_speed(samples, factor, RATE, method))


@pytest.mark.parametrize("factor", [1.5, 2.0, 4.0])
def test_tempo_keeps_the_pitch_and_resampling_does_not(factor: float) -> None:
    sound = tone(300, seconds=2.0)
    assert strongest(change_speed(sound, factor, RATE, "tempo")) == pytest.approx(300, rel=0.03)
    assert strongest(change_speed(sound, factor, RATE, "resample")) == pytest.approx(300 * factor, rel=0.03)
    assert strongest(change_speed(sound, factor, RATE, "pitch")) == pytest.approx(300 * factor, rel=0.03)


def test_tempo_keeps_the_order_of_events() -> None:
    sound = np.concatenate([tone(300), tone(1200), tone(600)])
    fast = change_speed(sound, 4.0, RATE)
    third = fast.size // 3
    middles = [fast[start + third // 4 : start + 3 * third // 4] for start in (0, third, 2 * third)]
    assert [strongest(part) for part in middles] == pytest.approx([300, 1200, 600], rel=0.05)


def test_the_level_of_fast_speech_is_that_of_slow_speech() -> None:
    (spoken,) = speak([SpeechRequest("seven purple windows over the river", "en-us+f2")])
    for factor in (1.0, 2.0, 4.0):
        assert rms(change_speed(spoken, factor, RATE)) == pytest.approx(rms(spoken), rel=1e-4)


def test_factor_one_is_a_copy() -> None:
    sound = tone(300)
    same = change_speed(sound, 1.0, RATE)
    assert np.array_equal(same, sound)
    assert same is not sound


def test_level_stops_at_the_peak() -> None:
    click = np.zeros(1000, dtype=np.float32)
    click[500] = 0.5
    assert np.abs(at_level(click, 0.9)).max() == pytest.approx(PEAK)
    assert not at_level(np.zeros(10, dtype=np.float32), 0.1).any()


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_factors(factor: float) -> None:
    with pytest.raises(RecipeError, match=r"speed\.factors.*no speed factor"):
        change_speed(tone(300), factor, RATE)


def test_unknown_method() -> None:
    with pytest.raises(RecipeError, match=r"speed\.method.*'warp'.*tempo"):
        change_speed(tone(300), 2.0, RATE, "warp")
