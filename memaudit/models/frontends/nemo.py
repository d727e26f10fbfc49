"""NeMo's AudioToMelSpectrogramPreprocessor, without its dither."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.errors import AudioError
from memaudit.models.frontends.base import usable
from memaudit.models.frontends.framed_mel import FramedMelOptions
from memaudit.models.frontends.mel import mel_filters
from memaudit.models.frontends.spectrum import centred_window, magnitudes
from memaudit.models.recognizer import Samples

Normalisation = Literal["per_feature", "all_features", "none"]

# What NeMo adds to a deviation so that it can be divided by.
_DEVIATION = np.float32(1e-5)


class NemoFrontEnd(FramedMelOptions):
    """Log-mel features as NeMo's FilterbankFeatures computes them at inference.

    Pre-emphasis over the whole utterance, half a transform of zeros at both ends, a symmetric window in the
    middle of each transform, magnitudes to a power, mel filters linear in hertz on Slaney's scale,
    logarithm, and normalisation over the utterance's S // hop frames (deviation with one degree of freedom
    less, plus 1e-5). NeMo appends one more frame, and more to a multiple of its pad_to; its encoders mask
    them, and an utterance is run alone here, so they are left out.

    Attributes:
        num_mels: F (NeMo's features): 80 in its Conformer recipes, 128 in Parakeet and Canary, 64 in
            QuartzNet.
        frame_length_ms: NeMo's window_size: 25 in most recipes, 20 in QuartzNet's.
        frame_shift_ms: NeMo's window_stride.
        window: its shape, symmetric.
        fft_size: NeMo's n_fft; 0: the next power of two.
        preemphasis: NeMo's preemph; 0: none.
        low_frequency: lower edge of the first filter in Hz.
        high_frequency: upper edge of the last filter in Hz; 0: half the sample rate.
        mel_norm: "slaney": filters of equal area; "none": of equal height.
        power: NeMo's mag_power, what magnitudes are raised to.
        log: whether the logarithm is taken.
        log_guard: what keeps it from 0: "add" the value, or "clamp" to it.
        log_guard_value: that value; NeMo's "tiny" is 1.1754943508222875e-38 and its "eps"
            1.1920928955078125e-07.
        normalise: "per_feature": each coefficient to mean 0 and deviation 1; "all_features": all by one
            mean and deviation; "none".
        exact_pad: zeros of (fft_size - hop) // 2 at both ends in place of half a transform.
        dither: 0: noise in the features would make losses random, so nothing else is taken.
    """

    kind: Literal["nemo"] = "nemo"
    preemphasis: float = Field(0.97, ge=0, le=1)
    power: float = Field(2.0, gt=0)
    log: bool = True
    log_guard: Literal["add", "clamp"] = "add"
    log_guard_value: float = Field(2.0**-24, gt=0)
    normalise: Normalisation = "per_feature"
    exact_pad: bool = False
    dither: float = Field(0.0, ge=0, le=0)

    @property
    def natural_size(self) -> int:
        """The next power of two."""
        return 1 << (self.frame - 1).bit_length()

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [T, F], T = S // hop (with exact_pad one fewer).

        Raises:
            AudioError: if the samples are empty, not finite, or too few for one frame.
        """
        wave = usable(samples)
        count = wave.size
        emphasised = wave.copy()
        emphasised[1:] -= np.float32(self.preemphasis) * wave[:-1]
        edge = (self.size - self.hop) // 2 if self.exact_pad else self.size // 2
        frames = max(0, count + 2 * edge - 2 * (self.size // 2)) // self.hop
        window = centred_window(self.window, self.frame, self.size, periodic=False)
        spectra = magnitudes(np.pad(emphasised.astype(np.float64), edge), window, self.hop)[:frames]
        if spectra.shape[0] == 0:
            raise AudioError(
                f"the audio, {count} samples, is shorter than one frame", how="leave the utterance out"
            )
        # In single precision from here, as NeMo: a coefficient that hardly varies is its logarithm's
        # rounding.
        powers = spectra.astype(np.float32) ** np.float32(self.power)
        features = powers @ self._filters().astype(np.float32)
        if self.log:
            value = np.float32(self.log_guard_value)
            features = np.log(features + value if self.log_guard == "add" else np.maximum(features, value))
        return self._normalised(features)

    def _filters(self) -> NDArray[np.float64]:
        return mel_filters(
            sample_rate=self.sample_rate,
            fft_size=self.size,
            num_mels=self.num_mels,
            low_frequency=self.low_frequency,
            high_frequency=self.highest,
            scale="slaney",
            norm=self.mel_norm,
        )

    def _normalised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.normalise == "none":
            return features
        axis = 0 if self.normalise == "per_feature" else None
        count = features.shape[0] if axis == 0 else features.size
        centred = features - features.mean(axis=axis)
        # One value has no deviation: NeMo takes 0 for it.
        variance = (centred**2).sum(axis=axis) / np.float32(max(1, count - 1))
        return np.asarray(centred / (np.sqrt(variance) + _DEVIATION))
