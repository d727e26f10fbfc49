"""NeMo's and GigaAM's front ends against onnx-asr's in numpy, and against NeMo's formula in torch."""

from __future__ import annotations

import kaldi_native_fbank
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx_asr.preprocessors.numpy_preprocessor import (
    GigaamPreprocessorNumpy,
    KaldiPreprocessorNumpy,
    NemoPreprocessorNumpy,
)

from memaudit.errors import AudioError
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.frontends.mel import hertz_to_mel, mel_filters, mel_to_hertz
from memaudit.models.frontends.nemo import NemoFrontEnd
from memaudit.models.frontends.torchaudio_mel import TorchaudioFrontEnd
from tests.models.builders import speech

Wave = NDArray[np.float32]


def voiced(count: int, seed: int) -> Wave:
    """Harmonics of a gliding pitch under an envelope, and the noise of a room."""
    rng = np.random.default_rng(seed)
    time = np.arange(count) / 16000
    pitch = 2 * np.pi * np.cumsum(120 + 40 * np.sin(2 * np.pi * 1.3 * time + seed)) / 16000
    tones = sum(np.sin(k * pitch + rng.uniform(0, 6)) / k for k in range(1, 30))
    envelope = 0.1 * (1 + np.sin(2 * np.pi * 3 * time))
    return (envelope * tones + rng.normal(0, 2e-3, count)).astype(np.float32)


def noise(count: int, seed: int) -> Wave:
    return np.random.default_rng(seed).normal(0, 0.1, count).astype(np.float32)


def faint(count: int, seed: int) -> Wave:
    return np.random.default_rng(seed).normal(0, 1e-3, count).astype(np.float32)


PAIRS = {
    "nemo80": (NemoPreprocessorNumpy, NemoFrontEnd()),
    "nemo128": (NemoPreprocessorNumpy, NemoFrontEnd(num_mels=128)),
    "gigaam_v2": (GigaamPreprocessorNumpy, TorchaudioFrontEnd()),
    "gigaam_v3": (
        GigaamPreprocessorNumpy,
        TorchaudioFrontEnd(frame_length_ms=20.0, centre=False, bfloat16=True),
    ),
}


def theirs(name: str, samples: Wave) -> NDArray[np.float32]:
    """float32 [T, F] of onnx-asr, cut to the frames that count."""
    features, lengths = PAIRS[name][0](name)(samples[np.newaxis].copy(), np.array([samples.size]))
    return features[0].T[: int(lengths[0])]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("signal", [voiced, noise, faint])
@pytest.mark.parametrize("count", [1600, 12435, 16000, 23456, 80000])
def test_features_are_those_of_onnx_asr(name: str, signal, count: int) -> None:
    front_end: FrontEnd = PAIRS[name][1]
    for seed in range(3):
        samples = signal(count, seed)
        expected, features = theirs(name, samples), front_end(samples)
        assert features.shape == expected.shape
        assert features.dtype == np.float32
        assert np.abs(features - expected).max() < 1e-4


def test_kaldi_features_are_those_of_onnx_asr_where_a_float_can_tell() -> None:
    for seed in range(3):
        samples = voiced(32000, seed)
        expected, lengths = KaldiPreprocessorNumpy("kaldi")(samples[np.newaxis], np.array([samples.size]))
        features = KaldiFrontEnd()(samples)
        assert features.shape == expected[0, : int(lengths[0])].shape
        difference = np.abs(features - expected[0])
        # Bands a millionth as strong as their frame's strongest are the rounding of single precision.
        heard = features > features.max(axis=1, keepdims=True) + np.log(1e-6)
        assert heard.mean() > 0.9
        assert difference[heard].max() < 1e-3
        assert np.median(difference) < 1e-5


def test_wenets_dialect_is_an_option_of_the_kaldi_front_end() -> None:
    """torchaudio's fbank on 16-bit samples, set up here by the library's own names."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 80
    options.mel_opts.high_freq = 0.0
    front_end = KaldiFrontEnd(waveform_scale=32768.0, snip_edges=True, high_frequency=0.0)
    for seed in range(3):
        samples = voiced(20000 + 77 * seed, seed)
        library = kaldi_native_fbank.OnlineFbank(options)
        library.accept_waveform(16000, (samples * 32768).tolist())
        library.input_finished()
        expected = np.stack([library.get_frame(i) for i in range(library.num_frames_ready)])
        assert len(expected) == 1 + (samples.size - 400) // 160
        assert np.array_equal(front_end(samples), expected)


def nemo_by_torch(front_end: NemoFrontEnd, samples: Wave) -> NDArray[np.float32]:
    """FilterbankFeatures written from its documentation with torch's own transform, in double precision."""
    f = front_end
    frame, hop = int(f.sample_rate * f.frame_length_ms / 1000), int(f.sample_rate * f.frame_shift_ms / 1000)
    size = f.fft_size or 2 ** int(np.ceil(np.log2(frame)))
    x = torch.from_numpy(samples).double()
    x = torch.cat([x[:1], x[1:] - f.preemphasis * x[:-1]])
    shape = {"hann": torch.hann_window, "hamming": torch.hamming_window, "blackman": torch.blackman_window}
    window = shape[f.window](frame, periodic=False, dtype=torch.double)
    if f.exact_pad:
        x = torch.nn.functional.pad(x, ((size - hop) // 2,) * 2)
    spectra = torch.stft(
        x,
        size,
        hop_length=hop,
        win_length=frame,
        window=window,
        center=not f.exact_pad,
        pad_mode="constant",
        return_complex=True,
    )
    power = spectra.abs() ** f.power
    filters = torch.from_numpy(
        mel_filters(
            sample_rate=f.sample_rate,
            fft_size=size,
            num_mels=f.num_mels,
            low_frequency=f.low_frequency,
            high_frequency=f.high_frequency or f.sample_rate / 2,
            scale="slaney",
            norm=f.mel_norm,
        ).copy()
    )
    features = power.T @ filters
    if f.log:
        guarded = (
            features + f.log_guard_value if f.log_guard == "add" else features.clamp(min=f.log_guard_value)
        )
        features = guarded.log()
    # FilterbankFeatures.get_seq_len: the frames that count are one fewer than the transform gives.
    padding = 2 * ((size - hop) // 2) if f.exact_pad else 2 * (size // 2)
    features = features[: (len(samples) + padding - size) // hop]
    if f.normalise == "per_feature":
        features = (features - features.mean(0)) / (features.std(0) + 1e-5)
    elif f.normalise == "all_features":
        features = (features - features.mean()) / (features.std() + 1e-5)
    return features.numpy().astype(np.float32)


@given(
    mels=st.sampled_from([40, 64, 80]),
    length=st.sampled_from([20.0, 25.0]),
    window=st.sampled_from(["hann", "hamming", "blackman"]),
    fft=st.sampled_from([0, 512, 1024]),
    preemphasis=st.sampled_from([0.0, 0.97]),
    low=st.sampled_from([0.0, 125.0]),
    high=st.sampled_from([0.0, 7500.0]),
    norm=st.sampled_from(["slaney", "none"]),
    power=st.sampled_from([1.0, 2.0]),
    guard=st.sampled_from(["add", "clamp"]),
    normalise=st.sampled_from(["per_feature", "all_features", "none"]),
    exact=st.booleans(),
    count=st.integers(4000, 20000),
    seed=st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_every_constant_of_nemo_is_an_option(
    mels, length, window, fft, preemphasis, low, high, norm, power, guard, normalise, exact, count, seed
) -> None:
    front_end = NemoFrontEnd(
        num_mels=mels,
        frame_length_ms=length,
        window=window,
        fft_size=fft,
        preemphasis=preemphasis,
        low_frequency=low,
        high_frequency=high,
        mel_norm=norm,
        power=power,
        log_guard=guard,
        normalise=normalise,
        exact_pad=exact,
    )
    samples = voiced(count, seed)
    expected, features = nemo_by_torch(front_end, samples), front_end(samples)
    assert features.shape == expected.shape
    assert np.abs(features - expected).max() < 2e-3


def test_linear_features_and_one_frame() -> None:
    linear = NemoFrontEnd(log=False, normalise="none")(voiced(1600, 0))
    assert np.log(linear + 2.0**-24) == pytest.approx(
        NemoFrontEnd(normalise="none")(voiced(1600, 0)), abs=1e-5
    )
    # One frame deviates from its mean by nothing; NeMo gives zeros, not a quotient of zeros.
    assert np.array_equal(NemoFrontEnd()(voiced(200, 0)), np.zeros((1, 80), np.float32))


@pytest.mark.parametrize(
    ("front_end", "least"),
    [
        (NemoFrontEnd(), 160),
        (TorchaudioFrontEnd(), 201),
        (TorchaudioFrontEnd(frame_length_ms=20.0, centre=False), 320),
    ],
)
def test_the_shortest_audio(front_end: FrontEnd, least: int) -> None:
    assert front_end(noise(least, 0)).shape[0] >= 1
    with pytest.raises(AudioError, match=f"{least - 1} samples, is shorter than one frame"):
        front_end(noise(least - 1, 0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"high_frequency": 9000.0}, "do not lie below half the sample rate"),
        ({"low_frequency": 8000.0}, "do not lie below"),
        ({"frame_shift_ms": 0.01}, "less than a sample"),
        ({"fft_size": 256}, "400 samples, not 2 to 256"),
    ],
)
@pytest.mark.parametrize("kind", [NemoFrontEnd, TorchaudioFrontEnd])
def test_options_that_do_not_fit_together(kind, options: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind(**options)


def test_a_floor_above_the_ceiling_is_refused() -> None:
    with pytest.raises(ValueError, match=r"floor 2 is not below ceiling 1"):
        TorchaudioFrontEnd(floor=2.0, ceiling=1.0)


@given(st.floats(0, 24000), st.sampled_from(["slaney", "htk"]))
def test_mel_scales_turn_back(hertz: float, scale) -> None:
    there = hertz_to_mel(np.array([hertz]), scale)
    assert mel_to_hertz(there, scale)[0] == pytest.approx(hertz, rel=1e-9, abs=1e-6)


def test_mel_scales_at_known_points() -> None:
    """1000 Hz is 15 mel on Slaney's scale and about 1000 on HTK's; 6400 Hz is 27 steps further."""
    assert hertz_to_mel(np.array([200.0 / 3, 1000.0, 6400.0]), "slaney") == pytest.approx([1.0, 15.0, 42.0])
    assert hertz_to_mel(np.array([1000.0]), "htk")[0] == pytest.approx(999.99, abs=0.01)


def test_filters_are_triangles_of_area_one() -> None:
    weights = mel_filters(
        sample_rate=16000,
        fft_size=16384,
        num_mels=40,
        low_frequency=0.0,
        high_frequency=8000.0,
        scale="slaney",
        norm="slaney",
    )
    assert weights.shape == (8193, 40)
    assert weights.sum(axis=0) * 16000 / 16384 == pytest.approx(np.ones(40), rel=1e-3)
    assert (weights >= 0).all()


def test_audio_is_left_as_it_is() -> None:
    samples = speech(0.5)
    before = samples.copy()
    for front_end in (NemoFrontEnd(), TorchaudioFrontEnd(), TorchaudioFrontEnd(centre=False)):
        assert np.array_equal(front_end(samples), front_end(samples))
    assert np.array_equal(samples, before)
