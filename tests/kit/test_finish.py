"""What is done to speech: speed, level, noise floor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.kit.finish import LEVEL, Finish, finish, noise
from memaudit.kit.speech import SAMPLE_RATE, SpeechRequest, speak
from tests.kit.recipes import unhurried

REQUEST = SpeechRequest("seven purple windows over the river", "en-us+f2")


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    (samples,) = speak([REQUEST])
    return samples


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@settings(unhurried, max_examples=60)
@given(
    factor=st.floats(1, 6),
    method=st.sampled_from(["tempo", "resample", "pitch"]),
    rate=st.sampled_from([8000, 16000]),
    floor=st.none() | st.floats(-90, -20),
)
def test_real_speech_has_its_length_within_a_percent_and_the_level_of_a_kit(
    spoken: np.ndarray, factor: float, method: str, rate: int, floor: float | None
) -> None:
    how = Finish(factor, method, rate, floor, 5)
    samples = finish(spoken, SAMPLE_RATE, REQUEST, how)
    wanted = spoken.size / SAMPLE_RATE / (1 if method == "pitch" else factor)
    assert samples.size / rate == pytest.approx(wanted, rel=0.01)
    assert level(samples) == pytest.approx(LEVEL, rel=0.02)
    assert np.abs(samples).max() < 1
    assert np.array_equal(samples, finish(spoken, SAMPLE_RATE, REQUEST, how))


@pytest.mark.parametrize("floor", [-70.0, -50.0, -30.0])
def test_the_floor_is_where_it_was_asked_for(spoken: np.ndarray, floor: float) -> None:
    quiet = np.concatenate([spoken, np.zeros(8000, dtype=np.float32)])
    assert not np.any(finish(quiet, SAMPLE_RATE, REQUEST, Finish(1.0, "tempo", SAMPLE_RATE))[-7000:])
    heard = finish(quiet, SAMPLE_RATE, REQUEST, Finish(1.0, "tempo", SAMPLE_RATE, floor, 7))[-7000:]
    assert 20 * np.log10(level(heard)) == pytest.approx(floor, abs=0.6)


def test_noise_is_white_and_its_own_for_each_seed() -> None:
    one = noise(1 << 15, -40, 1)
    assert level(one) == pytest.approx(0.01, rel=0.02)
    power = np.abs(np.fft.rfft(one)) ** 2
    quarters = [part.mean() for part in np.array_split(power[1:], 4)]
    assert max(quarters) / min(quarters) < 1.2
    assert np.array_equal(one, noise(1 << 15, -40, 1))
    assert abs(np.corrcoef(one, noise(1 << 15, -40, 2))[0, 1]) < 0.03
