"""Kaldi log-mel features, computed by kaldi-native-fbank (icefall, WeNet and many home-made models)."""

from __future__ import annotations

from typing import Literal, Self

import kaldi_native_fbank as knf
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from memaudit.errors import AudioError
from memaudit.models.frontends.base import FrontEndOptions, usable
from memaudit.models.recognizer import Samples


class KaldiFrontEnd(FrontEndOptions):
    """Log-mel filter bank energies as Kaldi's compute-fbank-feats gives them; the defaults are icefall's.

    Each frame: subtract the mean, pre-emphasise, window, power spectrum over the next power of two,
    triangular filters on the mel scale 1127 ln(1 + f / 700), natural logarithm floored at float32 epsilon.

    Attributes:
        num_mels: F.
        low_frequency: lower edge of the first filter in Hz.
        high_frequency: upper edge of the last filter in Hz; 0 or less counts down from half the sample rate.
        dither: 0: noise in the features would make losses random, so nothing else is taken.
        snip_edges: True: only frames that lie wholly in the audio; False: one frame a shift, edges mirrored.
        frame_length_ms: length of a frame in milliseconds.
        frame_shift_ms: distance of frames in milliseconds.
        waveform_scale: factor on the samples: 1 where training saw [-1, 1], 32768 for 16-bit integers.
        mean_normalisation: subtract each coefficient's mean over the utterance.
    """

    kind: Literal["kaldi"] = "kaldi"
    num_mels: int = Field(80, ge=3, le=1024)
    low_frequency: float = Field(20.0, ge=0)
    high_frequency: float = -400.0
    dither: float = Field(0.0, ge=0, le=0)
    window: Literal["povey", "hanning", "hamming", "blackman", "rectangular"] = "povey"
    preemphasis: float = Field(0.97, ge=0, le=1)
    remove_dc_offset: bool = True
    snip_edges: bool = False
    frame_length_ms: float = Field(25.0, gt=0, le=1000)
    frame_shift_ms: float = Field(10.0, gt=0, le=1000)
    waveform_scale: float = Field(1.0, gt=0)
    mean_normalisation: bool = False

    @property
    def num_features(self) -> int:
        """F."""
        return self.num_mels

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        nyquist = self.sample_rate / 2
        high = self.high_frequency if self.high_frequency > 0 else nyquist + self.high_frequency
        if not self.low_frequency < high <= nyquist:
            raise ValueError(
                f"filters from {self.low_frequency:g} Hz (low_frequency) to {high:g} Hz (high_frequency) "
                f"do not lie below half the sample rate, {nyquist:g} Hz"
            )
        # The library divides by the shift in whole samples: 0 would end the process.
        if int(self.sample_rate * self.frame_shift_ms / 1000) < 1:
            raise ValueError(f"frame_shift_ms {self.frame_shift_ms:g} is less than a sample")
        if int(self.sample_rate * self.frame_length_ms / 1000) < 2:
            raise ValueError(f"frame_length_ms {self.frame_length_ms:g} is less than two samples")
        if not self._every_filter_hears(high):
            raise ValueError(
                f"num_mels {self.num_mels} is too many for frames of {self.frame_length_ms:g} ms"
            )
        return self

    def _every_filter_hears(self, high: float) -> bool:
        """Whether a frequency of the transform lies inside each filter: releases before 1.23 do not ask."""
        size = int(self.sample_rate * self.frame_length_ms / 1000)
        padded = 1 << (size - 1).bit_length()
        bins = np.log1p(np.arange(padded // 2) * self.sample_rate / padded / 700)
        edges = np.linspace(np.log1p(self.low_frequency / 700), np.log1p(high / 700), self.num_mels + 2)
        # A thousandth of a mel: the library works in float32, where an edge may fall on either side of a bin.
        margin = 1e-3 / 1127
        first = np.searchsorted(bins, edges[:-2] + margin, side="right")
        return bool((first < np.searchsorted(bins, edges[2:] - margin, side="left")).all())

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [T, F].

        Raises:
            AudioError: if the samples are empty, not finite, or too few for one frame.
        """
        wave = usable(samples)
        if self.waveform_scale != 1.0:
            wave = wave * np.float32(self.waveform_scale)
        extractor = knf.OnlineFbank(self._options())
        extractor.accept_waveform(self.sample_rate, wave.tolist())
        extractor.input_finished()
        if extractor.num_frames_ready == 0:
            raise AudioError(
                f"the audio, {wave.size} samples, is shorter than one frame", how="leave the utterance out"
            )
        frames = [extractor.get_frame(index) for index in range(extractor.num_frames_ready)]
        features = np.stack(frames).astype(np.float32, copy=False)
        return features - features.mean(axis=0) if self.mean_normalisation else features

    def _options(self) -> knf.FbankOptions:
        options = knf.FbankOptions()
        frame, mel = options.frame_opts, options.mel_opts
        frame.samp_freq = self.sample_rate
        frame.frame_length_ms = self.frame_length_ms
        frame.frame_shift_ms = self.frame_shift_ms
        frame.dither = 0.0
        frame.preemph_coeff = self.preemphasis
        frame.remove_dc_offset = self.remove_dc_offset
        frame.window_type = self.window
        frame.snip_edges = self.snip_edges
        mel.num_bins = self.num_mels
        mel.low_freq = self.low_frequency
        mel.high_freq = self.high_frequency
        return options
