"""torchaudio's mel spectrogram and a clamped logarithm: GigaAM's front end."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from memaudit.errors import AudioError
from memaudit.models.frontends.base import usable
from memaudit.models.frontends.framed_mel import FramedMelOptions
from memaudit.models.frontends.mel import Norm, Scale, mel_filters
from memaudit.models.frontends.spectrum import centred_window, magnitudes
from memaudit.models.recognizer import Samples


class TorchaudioFrontEnd(FramedMelOptions):
    """Log-mel features as torchaudio.transforms.MelSpectrogram and a logarithm give them; the defaults are
    GigaAM's.

    Attributes:
        num_mels: F.
        frame_length_ms: length of the periodic window.
        frame_shift_ms: distance of frames.
        window: its shape.
        fft_size: size of the transform; 0: the window's length, as torchaudio has it.
        centre: True: half a transform of mirrored samples at both ends (GigaAM 2); False: frames that lie
            wholly in the audio (GigaAM 3).
        low_frequency: lower edge of the first filter in Hz.
        high_frequency: upper edge of the last filter in Hz; 0: half the sample rate.
        mel_scale: what the filters' edges are equally far apart in.
        mel_norm: "slaney": filters of equal area; "none": of equal height.
        floor: the least value whose logarithm is taken.
        ceiling: the greatest.
        bfloat16: whether window and filters are rounded to bfloat16, as the checkpoints of GigaAM 3 keep
        them.
    """

    kind: Literal["torchaudio"] = "torchaudio"
    num_mels: int = Field(64, ge=1, le=1024)
    centre: bool = True
    mel_scale: Scale = "htk"
    mel_norm: Norm = "none"
    floor: float = Field(1e-9, gt=0)
    ceiling: float = Field(1e9, gt=0)
    bfloat16: bool = False

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.floor >= self.ceiling:
            raise ValueError(f"floor {self.floor:g} is not below ceiling {self.ceiling:g}")
        return self

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [T, F].

        Raises:
            AudioError: if the samples are empty, not finite, or too few for one frame (or to be mirrored).
        """
        wave = usable(samples).astype(np.float64)
        least = self.size // 2 + 1 if self.centre else self.size
        if wave.size < least:
            raise AudioError(
                f"the audio, {wave.size} samples, is shorter than one frame", how="leave the utterance out"
            )
        if self.centre:
            wave = np.pad(wave, self.size // 2, mode="reflect")
        window = centred_window(self.window, self.frame, self.size, periodic=True)
        filters = mel_filters(
            sample_rate=self.sample_rate,
            fft_size=self.size,
            num_mels=self.num_mels,
            low_frequency=self.low_frequency,
            high_frequency=self.highest,
            scale=self.mel_scale,
            norm=self.mel_norm,
        )
        if self.bfloat16:
            window, filters = _bfloat16(window), _bfloat16(filters)
        power = magnitudes(wave, window, self.hop).astype(np.float32) ** 2
        return np.log(np.clip(power @ filters.astype(np.float32), self.floor, self.ceiling))


def _bfloat16(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to the nearest float with 8 bits of significand, ties to even; no value is below 0."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32).astype(np.float64)
