"""Whisper's log-mel features (Radford et al. 2022, section 2.2, and the code published with it)."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from memaudit.errors import AudioError
from memaudit.models.frontends.base import FrontEndOptions, usable
from memaudit.models.frontends.mel import mel_filters
from memaudit.models.frontends.spectrum import centred_window, magnitudes
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
        needed = padded[: (heard - 1) * self.hop + self.n_fft].astype(np.float64)
        spectrum = magnitudes(needed, centred_window("hann", self.n_fft, self.n_fft, periodic=True), self.hop)
        energies = np.zeros((frames, self.num_mels))
        energies[:heard] = spectrum**2 @ self._filters()
        values = np.log10(np.maximum(energies, self.floor))
        values = np.maximum(values, values.max() - self.dynamic_range)
        scaled: NDArray[np.float32] = ((values + self.offset) / self.offset).astype(np.float32)
        return scaled

    def _filters(self) -> NDArray[np.float64]:
        return mel_filters(
            sample_rate=self.sample_rate,
            fft_size=self.n_fft,
            num_mels=self.num_mels,
            low_frequency=0.0,
            high_frequency=self.sample_rate / 2,
            scale="slaney",
            norm="slaney",
        )
