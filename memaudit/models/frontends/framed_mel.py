"""What front ends share that cut audio into frames and put mel filters over their spectra."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from memaudit.models.frontends.base import FrontEndOptions
from memaudit.models.frontends.mel import Norm
from memaudit.models.frontends.spectrum import Window


class FramedMelOptions(FrontEndOptions):
    """Frames, transform and filters; each front end says in its own docstring what its project calls them.

    Attributes:
        num_mels: F.
        frame_length_ms: length of the window.
        frame_shift_ms: distance of frames.
        window: its shape.
        fft_size: size of the transform; 0: `natural_size`.
        low_frequency: lower edge of the first filter in Hz.
        high_frequency: upper edge of the last filter in Hz; 0: half the sample rate.
        mel_norm: "slaney": filters of equal area; "none": of equal height.
    """

    num_mels: int = Field(80, ge=1, le=1024)
    frame_length_ms: float = Field(25.0, gt=0, le=1000)
    frame_shift_ms: float = Field(10.0, gt=0, le=1000)
    window: Window = "hann"
    fft_size: int = Field(0, ge=0, le=65536)
    low_frequency: float = Field(0.0, ge=0)
    high_frequency: float = Field(0.0, ge=0)
    mel_norm: Norm = "slaney"

    @property
    def num_features(self) -> int:
        """F."""
        return self.num_mels

    @property
    def natural_size(self) -> int:
        """The size of the transform where it is left out: that of the frame."""
        return self.frame

    @property
    def frame(self) -> int:
        """Length of the window in samples."""
        return int(self.sample_rate * self.frame_length_ms / 1000)

    @property
    def hop(self) -> int:
        """Distance of frames in samples."""
        return int(self.sample_rate * self.frame_shift_ms / 1000)

    @property
    def size(self) -> int:
        """Size of the transform."""
        return self.fft_size or self.natural_size

    @property
    def highest(self) -> float:
        """Upper edge of the last filter in Hz."""
        return self.high_frequency or self.sample_rate / 2

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.low_frequency < self.highest <= self.sample_rate / 2:
            raise ValueError(
                f"filters from {self.low_frequency:g} Hz (low_frequency) to {self.highest:g} Hz "
                f"(high_frequency) do not lie below half the sample rate, {self.sample_rate / 2:g} Hz"
            )
        if self.hop < 1:
            raise ValueError(f"frame_shift_ms {self.frame_shift_ms:g} is less than a sample")
        if not 2 <= self.frame <= self.size:
            raise ValueError(
                f"frame_length_ms {self.frame_length_ms:g} is {self.frame} samples, not 2 to {self.size}, "
                "the size of the transform"
            )
        return self
