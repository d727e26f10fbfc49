"""Front ends against plain numpy written from their formulas, and their options."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from memaudit.errors import AudioError, ModelError
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.frontends.raw import RawFrontEnd
from memaudit.models.frontends.registry import FRONT_ENDS, make_front_end
from tests.models.builders import speech

WINDOWS = {
    "povey": lambda n, size: (0.5 - 0.5 * np.cos(2 * np.pi * n / (size - 1))) ** 0.85,
    "hanning": lambda n, size: 0.5 - 0.5 * np.cos(2 * np.pi * n / (size - 1)),
    "hamming": lambda n, size: 0.54 - 0.46 * np.cos(2 * np.pi * n / (size - 1)),
    "blackman": lambda n, size: (
        0.42 - 0.5 * np.cos(2 * np.pi * n / (size - 1)) + 0.08 * np.cos(4 * np.pi * n / (size - 1))
    ),
    "rectangular": lambda n, size: np.ones(size),
}


def mel_filters(f: KaldiFrontEnd) -> NDArray[np.float64]:
    """Weights [num_mels, frequencies] of the triangular filters, linear in mel, half the rate left out."""

    def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))

    padded = 1 << (int(f.sample_rate * f.frame_length_ms / 1000) - 1).bit_length()
    high = f.high_frequency if f.high_frequency > 0 else f.sample_rate / 2 + f.high_frequency
    edges = np.linspace(mel(f.low_frequency), mel(high), f.num_mels + 2)
    bins = mel(np.arange(padded // 2) * f.sample_rate / padded)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))


def kaldi_by_formula(front_end: KaldiFrontEnd, samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Kaldi's filter bank features in float64, frame by frame."""
    f = front_end
    size = int(f.sample_rate * f.frame_length_ms / 1000)
    shift = int(f.sample_rate * f.frame_shift_ms / 1000)
    wave = samples.astype(np.float64) * f.waveform_scale
    count = len(wave)
    padded = 1 << (size - 1).bit_length()
    frames = 1 + (count - size) // shift if f.snip_edges else (count + shift // 2) // shift
    window = WINDOWS[f.window](np.arange(size), size)

    filters = mel_filters(f)
    rows = []
    for index in range(frames):
        start = index * shift if f.snip_edges else index * shift + shift // 2 - size // 2
        places = np.arange(start, start + size)
        while ((places < 0) | (places >= count)).any():
            places = np.where(places < 0, -places - 1, places)
            places = np.where(places >= count, 2 * count - 1 - places, places)
        frame = wave[places]
        if f.remove_dc_offset:
            frame = frame - frame.mean()
        frame = frame - f.preemphasis * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * window, padded)[:-1]) ** 2
        rows.append(np.log(np.maximum(filters @ power, np.finfo(np.float32).eps)))
    features = np.array(rows)
    return features - features.mean(axis=0) if f.mean_normalisation else features


@given(
    num_mels=st.integers(3, 23),
    low=st.floats(0, 300),
    high=st.sampled_from([0.0, -400.0, 3400.0]),
    window=st.sampled_from(sorted(WINDOWS)),
    snip=st.booleans(),
    length=st.sampled_from([20.0, 25.0, 32.0, 50.0]),
    shift=st.sampled_from([5.0, 10.0, 12.5]),
    scale=st.sampled_from([1.0, 32768.0]),
    dc=st.booleans(),
    rate=st.sampled_from([8000, 16000]),
    seconds=st.floats(0.06, 0.5),
    seed=st.integers(0, 1000),
)
@settings(max_examples=80, deadline=None)
def test_kaldi_features_equal_the_formula(
    num_mels, low, high, window, snip, length, shift, scale, dc, rate, seconds, seed
) -> None:
    options = {
        "sample_rate": rate,
        "num_mels": num_mels,
        "low_frequency": low,
        "high_frequency": high,
        "window": window,
        "snip_edges": snip,
        "frame_length_ms": length,
        "frame_shift_ms": shift,
        "waveform_scale": scale,
        "remove_dc_offset": dc,
    }
    front_end = KaldiFrontEnd(**options)
    samples = speech(seconds, seed=seed, rate=rate)
    features, expected = front_end(samples).astype(np.float64), kaldi_by_formula(front_end, samples)
    assert features.shape == expected.shape
    # The library works in float32: a weak band beside a strong one, or a tone at a filter's edge, is known to
    # the rounding of the strong band or of the edge.
    tolerance = 1e-3 * np.exp(expected) + 1e-6 * np.exp(expected).max(axis=1, keepdims=True)
    assert (np.abs(np.exp(features) - np.exp(expected)) <= tolerance).all()
    normalised = KaldiFrontEnd(**options, mean_normalisation=True)(samples)
    assert normalised == pytest.approx(features - features.mean(axis=0), abs=1e-4)


@pytest.mark.parametrize("mean", [False, True])
def test_kaldi_features_of_noise_are_within_a_ten_thousandth_of_the_formula(mean: bool) -> None:
    front_end = KaldiFrontEnd(mean_normalisation=mean)
    samples = np.random.default_rng(0).normal(0, 0.1, 48000).astype(np.float32)
    features = front_end(samples)
    assert features.dtype == np.float32
    difference = np.abs(features - kaldi_by_formula(front_end, samples))
    # The few cells a millionth as strong as their frame's strongest are rounding in any float32 transform.
    raw = kaldi_by_formula(KaldiFrontEnd(), samples)
    heard = raw > raw.max(axis=1, keepdims=True) + np.log(1e-6)
    assert heard.mean() > 0.99
    assert difference[heard].max() < 1e-4
    assert difference.max() < 1e-3


@given(st.integers(3, 200), st.sampled_from([10.0, 16.0, 25.0, 32.0]), st.floats(0, 1000))
@settings(deadline=None)
def test_more_filters_than_frequencies_are_refused(num_mels: int, length: float, low: float) -> None:
    options = {"num_mels": num_mels, "frame_length_ms": length, "low_frequency": low}
    noise = np.random.default_rng(0).normal(0, 0.1, 3200).astype(np.float32)
    try:
        front_end = KaldiFrontEnd(**options)
    except ValueError:
        # What is refused has a filter that hears (next to) nothing; what is taken has none.
        unchecked = KaldiFrontEnd.model_construct(**options)
        assert mel_filters(unchecked).max(axis=1).min() < 1e-3
    else:
        features = front_end(noise)
        assert (features.min(axis=0) < features.max(axis=0)).all()


def test_kaldi_silence_is_the_floor_and_features_repeat_exactly() -> None:
    front_end = KaldiFrontEnd(num_mels=40)
    silence = front_end(np.zeros(1600, np.float32))
    assert silence == pytest.approx(np.log(np.finfo(np.float32).eps))
    samples = speech()
    assert np.array_equal(front_end(samples), front_end(samples))


def test_kaldi_defaults_are_eighty_mels_up_to_7600_hertz() -> None:
    samples = speech()
    explicit = KaldiFrontEnd(num_mels=80, low_frequency=20.0, high_frequency=7600.0)
    assert np.array_equal(KaldiFrontEnd()(samples), explicit(samples))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_mels": 2}, "'front_end.num_mels' is 2"),
        ({"num_mels": 300}, "num_mels 300 is too many for frames of 25 ms"),
        ({"num_mels": "80"}, "'front_end.num_mels' is '80'"),
        ({"num_mels": True}, "'front_end.num_mels' is True"),
        ({"nummels": 80}, "unknown key 'front_end.nummels'; did you mean 'num_mels'?"),
        ({"high_frequency": 9000.0}, "do not lie below half the sample rate, 8000 Hz"),
        ({"low_frequency": 7700.0}, "do not lie below"),
        ({"high_frequency": float("nan")}, "'front_end.high_frequency' is nan"),
        ({"dither": 1.0}, "'front_end.dither' is 1.0"),
        ({"window": "kaiser"}, "'front_end.window' is 'kaiser'; allowed: 'povey', 'hanning'"),
        ({"frame_shift_ms": 0.01}, "frame_shift_ms 0.01 is less than a sample"),
        ({"frame_length_ms": 0.1}, "frame_length_ms 0.1 is less than two samples"),
        ({"sample_rate": 0}, "'front_end.sample_rate' is 0"),
        ({"waveform_scale": 0.0}, "'front_end.waveform_scale' is 0.0"),
        ({"snip_edges": 1}, "'front_end.snip_edges' is 1"),
    ],
)
def test_wrong_kaldi_options_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make_front_end({"kind": "kaldi", **options}, where="m/model.toml")
    assert str(caught.value).startswith("m/model.toml: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("table", "said"), [({}, "missing key 'front_end.kind'"), ({"kind": "x"}, "unknown")]
)
def test_front_end_must_have_a_known_kind(table: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make_front_end(table)
    assert said in str(caught.value)
    assert all(repr(kind) in str(caught.value) for kind in FRONT_ENDS)


@given(st.integers(2, 4000), st.floats(0.01, 1), st.floats(-0.5, 0.5), st.integers(0, 1000))
@settings(deadline=None)
def test_raw_normalisation_gives_zero_mean_and_unit_variance(
    count: int, scale: float, offset: float, seed: int
) -> None:
    samples = (np.random.default_rng(seed).normal(offset, scale, count)).astype(np.float32)
    wave = RawFrontEnd(normalise=True)(samples)
    assert wave.mean() == pytest.approx(0, abs=1e-4)
    expected = samples.astype(np.float64).var()
    assert wave.astype(np.float64).var() == pytest.approx(expected / (expected + 1e-7), rel=1e-4)


def test_raw_leaves_samples_alone_or_scales_them() -> None:
    samples = speech(0.1)
    assert np.array_equal(RawFrontEnd()(samples), samples)
    assert np.array_equal(RawFrontEnd(waveform_scale=32768.0)(samples), samples * np.float32(32768))
    assert RawFrontEnd(normalise=True)(np.zeros(100, np.float32)) == pytest.approx(0)


@pytest.mark.parametrize("kind", sorted(FRONT_ENDS))
def test_every_front_end_keeps_the_interface(kind: str) -> None:
    rate = 16000 if kind == "sherpa-whisper" else 8000  # which has no other rate
    front_end = make_front_end({"kind": kind, "sample_rate": rate})
    assert isinstance(front_end, FrontEnd)
    described = json.loads(json.dumps(front_end.describe()))
    assert described["kind"] == kind
    assert described["sample_rate"] == front_end.sample_rate == rate
    assert make_front_end(described) == front_end
    samples = speech(0.5, rate=rate)
    before = samples.copy()
    features = front_end(samples)
    assert features.dtype == np.float32
    assert features.shape[1:] == (() if front_end.num_features is None else (front_end.num_features,))
    assert np.array_equal(samples, before)
    with pytest.raises(AudioError, match="no samples"):
        front_end(np.zeros(0, np.float32))
    with pytest.raises(AudioError, match="not mono"):
        front_end(np.zeros((2, 100), np.float32))
    for bad in (np.nan, np.inf):
        samples[7] = bad
        with pytest.raises(AudioError, match="not finite"):
            front_end(samples)


@pytest.mark.parametrize(("snip", "count"), [(True, 399), (False, 79)])
def test_audio_shorter_than_a_frame_is_named(snip: bool, count: int) -> None:
    with pytest.raises(AudioError, match=f"{count} samples, is shorter than one frame"):
        KaldiFrontEnd(snip_edges=snip)(np.ones(count, np.float32))
    assert KaldiFrontEnd(snip_edges=snip)(np.ones(count + 1, np.float32)).shape == (1, 80)
