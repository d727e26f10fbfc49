"""Whisper's features against onnx-asr's and a plain version, and sherpa-onnx's against Whisper's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_asr.preprocessors.numpy_preprocessor import WhisperPreprocessorNumpy

from memaudit.errors import AudioError, ModelError
from memaudit.models.frontends.mel import mel_filters
from memaudit.models.frontends.registry import make_front_end
from memaudit.models.frontends.sherpa_whisper import SherpaWhisperFrontEnd
from memaudit.models.frontends.whisper import WhisperFrontEnd


def hiss(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Noise in bursts: no pure tones, beside which single precision leaves nothing of the quiet bins."""
    rng = np.random.default_rng(seed)
    count = int(seconds * 16000)
    level = np.repeat(rng.uniform(0.01, 0.2, count // 1600 + 1), 1600)[:count]
    return (level * rng.normal(0, 1, count)).astype(np.float32)


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("seconds", [0.001, 0.4, 3.0, 29.99, 30.0])
def test_equal_to_onnx_asr(mels: int, seconds: float) -> None:
    samples = hiss(seconds, seed=mels)
    own = WhisperFrontEnd(num_mels=mels)(samples)
    other, length = WhisperPreprocessorNumpy(f"whisper{mels}")(samples[np.newaxis], np.array([samples.size]))
    assert (own.shape, own.dtype, length[0]) == ((3000, mels), np.float32, 3000)
    assert np.abs(own - other[0].T).max() < 1e-4


def plain(samples: np.ndarray, front_end: WhisperFrontEnd) -> np.ndarray:
    """Each frame and bin by itself, from the definition of the discrete Fourier transform."""
    n, half = front_end.n_fft, front_end.n_fft // 2
    wave = np.zeros(front_end.window_samples)
    wave[: samples.size] = samples
    count = wave.size

    def at(index: int) -> float:
        index = abs(index)
        return float(wave[index if index < count else 2 * (count - 1) - index])

    window = [np.sin(np.pi * k / n) ** 2 for k in range(n)]
    energies = np.zeros((count // front_end.hop, half + 1))
    for frame in range(energies.shape[0]):
        cut = [at(frame * front_end.hop - half + k) * window[k] for k in range(n)]
        for bin_ in range(half + 1):
            turns = [np.exp(-2j * np.pi * bin_ * k / n) for k in range(n)]
            energies[frame, bin_] = abs(np.dot(cut, turns)) ** 2
    filters = mel_filters(
        sample_rate=front_end.sample_rate,
        fft_size=n,
        num_mels=front_end.num_mels,
        low_frequency=0.0,
        high_frequency=front_end.sample_rate / 2,
        scale="slaney",
        norm="slaney",
    )
    values = np.log10(np.maximum(energies @ filters, front_end.floor))
    values = np.maximum(values, values.max() - front_end.dynamic_range)
    return (values + front_end.offset) / front_end.offset


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_equal_to_the_formula(data: st.DataObject) -> None:
    n_fft = data.draw(st.sampled_from([8, 12, 16]))
    front_end = WhisperFrontEnd(
        num_mels=data.draw(st.integers(1, 3)),
        sample_rate=1000,
        window_seconds=data.draw(st.integers(n_fft, 40)) / 1000,
        n_fft=n_fft,
        hop=data.draw(st.integers(1, 8)),
        dynamic_range=data.draw(st.floats(0.5, 8)),
        offset=data.draw(st.floats(1, 4)),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    samples = rng.normal(0, 0.3, data.draw(st.integers(1, front_end.window_samples))).astype(np.float32)
    features = front_end(samples)
    assert features.shape == (front_end.window_samples // front_end.hop, front_end.num_mels)
    assert np.abs(features - plain(samples, front_end)).max() < 1e-5


def test_longer_audio_is_refused_rather_than_cut() -> None:
    with pytest.raises(AudioError, match=r"lasts 30\.00 s, more than the 30 s that the model hears; cut it"):
        WhisperFrontEnd()(np.zeros(480001, np.float32))
    with pytest.raises(AudioError, match="no samples"):
        WhisperFrontEnd()(np.zeros(0, np.float32))
    with pytest.raises(AudioError, match="not finite"):
        WhisperFrontEnd()(np.full(10, np.nan, np.float32))


def test_options_are_checked_and_described() -> None:
    table = {"kind": "whisper", "num_mels": 128}
    front_end = make_front_end(table)
    assert front_end.num_features == 128
    assert make_front_end(front_end.describe()) == front_end
    with pytest.raises(ModelError, match=r"window_seconds 0\.01 is shorter than a frame"):
        make_front_end({**table, "window_seconds": 0.01})
    with pytest.raises(ModelError, match=r"'front_end\.n_fft' is 401"):
        make_front_end({**table, "n_fft": 401})


@pytest.mark.parametrize("mels", [80, 128])
def test_sherpa_has_whispers_filters_5_ms_later_and_a_tail_of_zeros(mels: int) -> None:
    samples = hiss(2.0)
    features = SherpaWhisperFrontEnd(num_mels=mels)(samples)
    assert features.shape == (200 + 1000, mels)
    assert not features[200:].any()
    # Whisper's own frames of audio that begins 80 samples later, compared where neither sees an edge.
    own = WhisperFrontEnd(num_mels=mels, dynamic_range=100.0)(samples[80:])
    assert own[2:190].min() > -1.0
    shifted = np.maximum(own[2:190], features[:200].max() - 2.0)
    assert np.abs(shifted - features[2:190]).max() < 1e-4


def test_sherpa_takes_whole_windows_and_refuses_longer_ones() -> None:
    samples = hiss(2.0)
    assert SherpaWhisperFrontEnd(tail_frames=3000)(samples).shape == (3000, 80)
    with pytest.raises(
        AudioError, match=r"lasts 29\.60 s, and the model hears one frame at least and less than"
    ):
        SherpaWhisperFrontEnd()(hiss(29.6))
    with pytest.raises(AudioError, match="at least"):
        SherpaWhisperFrontEnd()(np.zeros(20, np.float32))
