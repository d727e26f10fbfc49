"""Whisper's log-mel features (Radford et al. 2022, section 2.2, and the code published with it)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from memaudit.errors import AudioError
from memaudit.models.frontends.base import FrontEndOptions, usable
from memaudit.models.recognizer import Samples


class WhisperFrontEnd(FrontEndOptions):
    """Log-mel energies of the audio padded with silence to a fixed window.

    Power spectrum of centred, periodic Hann frames with mirrored edges, the last frame dropped; triangular
    filters of equal area on Slaney's mel scale from 0 Hz to half the sample rate; then, over the window,
    x = log10(max(energy, floor)), x = max(x, max(x) - dynamic_range) and (x + offset) / offset.

    Attributes:
        num_mels: F, 80 or, since large-v3, 128.
        window_seconds: what the audio is padded to.
        n_fft: length of a frame and of its transform in samples, even.
        hop: distance of frames in samples.
        floor: the least energy.
        dynamic_range: how far below the window's maximum a value may lie, in powers of ten.
        offset: constant of the last step.
    """

    kind: Literal["whisper"] = "whisper"
    num_mels: int = Field(80, ge=1, le=1024)
    window_seconds: float = Field(30.0, gt=0, le=600)
    n_fft: int = Field(400, ge=4, le=65536, multiple_of=2)
    hop: int = Field(160, ge=1)
    floor: float = Field(1e-10, gt=0)
    dynamic_range: float = Field(8.0, gt=0)
    offset: float = Field(4.0, gt=0)

    @property
    def num_features(self) -> int:
        """F."""
        return self.num_mels

    @property
    def window_samples(self) -> int:
        """What the audio is padded to, in samples."""
        return round(self.window_seconds * self.sample_rate)

    @model_validator(mode="after")
    def _window_holds_a_frame(self) -> Self:
        if self.window_samples < max(self.n_fft, self.hop):
            raise ValueError(f"window_seconds {self.window_seconds:g} is shorter than a frame")
        return self

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [T, F], T being the frames of the window whatever S.

        Raises:
            AudioError: if the samples are empty, not finite, or longer than the window.
        """
        wave = usable(samples)
        window, half = self.window_samples, self.n_fft // 2
        if wave.size > window:
            raise AudioError(
                f"the audio lasts {wave.size / self.sample_rate:.2f} s, "
                f"more than the {self.window_seconds:g} s that the model hears",
                how="cut it, or leave the utterance out",
            )
        padded = np.pad(np.pad(wave, (0, window - wave.size)), half, mode="reflect")
        frames = window // self.hop
        # Later frames see silence alone, so they need no transform.
        heard = min(frames, -(-(wave.size + half) // self.hop))
        energies = np.zeros((frames, self.num_mels))
        views = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop][:heard]
        spectrum = np.fft.rfft(views * _hann(self.n_fft))
        power = spectrum.real**2 + spectrum.imag**2
        energies[:heard] = power @ mel_filters(self.num_mels, self.n_fft, self.sample_rate)
        values = np.log10(np.maximum(energies, self.floor))
        values = np.maximum(values, values.max() - self.dynamic_range)
        return ((values + self.offset) / self.offset).astype(np.float32)


@lru_cache(maxsize=8)
def _hann(length: int) -> NDArray[np.float64]:
    """The periodic Hann window: one period of a raised cosine, its last zero left out."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@lru_cache(maxsize=8)
def mel_filters(count: int, n_fft: int, sample_rate: int) -> NDArray[np.float64]:
    """Triangular filters [n_fft / 2 + 1, count] on Slaney's mel scale, each scaled to the area of the others.

    Slaney 1998, Auditory Toolbox: linear below 1000 Hz (3 mel for 200 Hz), then 27 mel for each factor of 6.4.
    """
    frequencies = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    edges = _hertz(np.linspace(0.0, _mel(sample_rate / 2), count + 2))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, np.newaxis] - low) / (centre - low)
    falling = (high - frequencies[:, np.newaxis]) / (high - centre)
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters


_LINEAR, _KNEE_HERTZ, _KNEE_MEL, _LOG_STEP = 200 / 3, 1000.0, 15.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < _KNEE_HERTZ:
        return hertz / _LINEAR
    return _KNEE_MEL + float(np.log(hertz / _KNEE_HERTZ)) / _LOG_STEP


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(
        mel < _KNEE_MEL,
        mel * _LINEAR,
        _KNEE_HERTZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL)),
    )
