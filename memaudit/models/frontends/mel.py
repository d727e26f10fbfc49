"""Triangular mel filters that are linear in hertz, as librosa, torchaudio and NeMo make them."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["slaney", "htk"]
Norm = Literal["slaney", "none"]

# Slaney's Auditory Toolbox (1998): linear up to 1000 Hz, 15 mel, then logarithmic, 27 mel for a factor of
# 6.4.
_LINEAR_HERTZ, _LINEAR_MEL = 200.0 / 3.0, 15.0
_LOG_STEP = np.log(6.4) / 27.0


def hertz_to_mel(hertz: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Pitch of each frequency: Slaney's scale, or O'Shaughnessy's 2595 log10(1 + f / 700) that HTK has."""
    if scale == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))
    ratio = np.maximum(hertz, 1000.0) / 1000.0
    return np.where(hertz < 1000.0, hertz / _LINEAR_HERTZ, _LINEAR_MEL + np.log(ratio) / _LOG_STEP)


def mel_to_hertz(mel: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """The inverse of `hertz_to_mel`."""
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
    above = np.maximum(mel, _LINEAR_MEL) - _LINEAR_MEL
    return np.where(mel < _LINEAR_MEL, mel * _LINEAR_HERTZ, 1000.0 * np.exp(_LOG_STEP * above))


@lru_cache(maxsize=16)
def mel_filters(
    *,
    sample_rate: int,
    fft_size: int,
    num_mels: int,
    low_frequency: float,
    high_frequency: float,
    scale: Scale,
    norm: Norm,
) -> NDArray[np.float64]:
    """Weights float64 [fft_size // 2 + 1, num_mels], read-only.

    Filter m rises from edge m to edge m + 1 and falls to edge m + 2, linearly in hertz; the edges lie
    equally far apart in mel. With the norm "slaney" a filter is divided by half its width in hertz, so that
    each has area 1.

    Args:
        sample_rate: in Hz.
        fft_size: of the transform whose bins are weighted.
        num_mels: how many filters.
        low_frequency: the first edge in Hz.
        high_frequency: the last edge in Hz.
        scale: what the edges are equally far apart in.
        norm: "slaney" or "none" (each filter's peak is 1).
    """
    bins = np.linspace(0.0, sample_rate / 2, fft_size // 2 + 1)
    ends = hertz_to_mel(np.array([low_frequency, high_frequency]), scale)
    edges = mel_to_hertz(np.linspace(ends[0], ends[1], num_mels + 2), scale)
    widths = np.diff(edges)
    distances = bins[:, np.newaxis] - edges
    rising, falling = distances[:, :-2] / widths[:-1], -distances[:, 2:] / widths[1:]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        weights = weights * (2.0 / (edges[2:] - edges[:-2]))
    weights.setflags(write=False)
    return weights
