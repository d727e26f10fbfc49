"""Windows and short-time spectra for the front ends that are written in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# numpy alone: scipy.signal takes longer to import than many a model takes to load.
_SYMMETRIC: Mapping[str, Callable[[int], NDArray[Any]]] = {
    "hann": np.hanning,
    "hamming": np.hamming,
    "blackman": np.blackman,
    "bartlett": np.bartlett,
    "ones": np.ones,
}

Window = Literal["hann", "hamming", "blackman", "bartlett", "ones"]


@lru_cache(maxsize=16)
def centred_window(name: Window, length: int, fft_size: int, *, periodic: bool) -> NDArray[np.float64]:
    """A window of ``length`` samples in the middle of ``fft_size``, zero beside it: float64 [fft_size],
    read-only.

    Where the room beside it is odd the extra zero is on the right, as torch.stft puts it.
    """
    window = np.zeros(fft_size)
    start = (fft_size - length) // 2
    # A periodic window is a symmetric one that is longer by a sample, without that sample.
    whole = _SYMMETRIC[name](length + 1 if periodic and length > 1 else length)
    window[start : start + length] = whole[:length]
    window.setflags(write=False)
    return window


def magnitudes(wave: NDArray[np.float64], window: NDArray[np.float64], hop: int) -> NDArray[np.float64]:
    """Magnitude spectra of frames every ``hop`` samples: float64 [T, N // 2 + 1] for a window of N samples.

    T is 1 + (S - N) // hop, 0 where the wave has fewer than N samples.
    """
    size = window.size
    if wave.size < size:
        return np.zeros((0, size // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[::hop] * window
    return np.abs(np.fft.rfft(frames, axis=1))
