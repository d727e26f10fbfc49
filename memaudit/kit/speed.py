"""Making speech faster, at the level that it had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import python_stretch
import soxr
from numpy.typing import NDArray

from memaudit.errors import RecipeError

Samples = NDArray[np.float32]
Method = Literal["tempo", "resample", "pitch"]

#: Largest absolute value that a normalised utterance may reach (full scale is 1).
PEAK = 0.98
#: The stretcher draws random phases; this fixes them.
STRETCH_SEED = 0


def change_speed(samples: Samples, factor: float, sample_rate: int, method: str = "tempo") -> Samples:
    """Make ``samples`` faster and give them back the level (root mean square) that they had.

    Args:
        samples: float32[S], mono, full scale 1.
        factor: how many times faster; 1 changes nothing.
        sample_rate: in Hz.
        method: ``tempo`` (shorter, pitch kept), ``resample`` (shorter, pitch up by the factor too) or
            ``pitch`` (pitch up by the factor, length kept).

    Returns:
        float32[round(S / factor)]; float32[S] for ``pitch``. No sample is beyond `PEAK`, where that asks
        for less level than before.

    Raises:
        RecipeError: for a factor that is not positive, or an unknown method.
    """
    if not (np.isfinite(factor) and factor > 0):
        raise RecipeError(f"{factor} is no speed factor", where="speed.factors", how="give a number above 0")
    if method not in get_args(Method):
        raise RecipeError(
            f"there is no method {method!r}", where="speed.method", how="use one of " + ", ".join(_METHODS)
        )
    if factor == 1 or samples.size == 0:
        return samples.astype(np.float32, copy=True)
    length = samples.size if method == "pitch" else round(samples.size / factor)
    changed = _METHODS[method](samples, factor, sample_rate)
    fitted = np.zeros(length, dtype=np.float32)
    kept = min(length, changed.size)  # the stretcher rounds halves up, `round` to even: one sample at most
    fitted[:kept] = changed[:kept]
    return at_level(fitted, _rms(samples))


def at_level(samples: Samples, level: float) -> Samples:
    """Scale float32[S] to the root mean square ``level``, or to `PEAK` where that is reached first."""
    now = _rms(samples)
    if now == 0:
        return samples
    gain = min(level / now, PEAK / float(np.abs(samples).max()))
    return (samples * np.float32(gain)).astype(np.float32)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _tempo(samples: Samples, factor: float, sample_rate: int) -> Samples:
    stretch = _stretch(sample_rate)
    stretch.setTimeFactor(factor)
    return np.asarray(stretch.process(samples[None, :])).reshape(-1)


def _resample(samples: Samples, factor: float, sample_rate: int) -> Samples:
    return np.asarray(soxr.resample(samples, sample_rate * factor, sample_rate), dtype=np.float32)


def _pitch(samples: Samples, factor: float, sample_rate: int) -> Samples:
    stretch = _stretch(sample_rate)
    stretch.setTransposeFactor(factor)
    return np.asarray(stretch.process(samples[None, :])).reshape(-1)


def _stretch(sample_rate: int) -> python_stretch.Signalsmith.Stretch:
    stretch = python_stretch.Signalsmith.Stretch(STRETCH_SEED)
    stretch.preset(1, float(sample_rate))
    return stretch


_METHODS: dict[str, Callable[[Samples, float, int], Samples]] = {
    "tempo": _tempo,
    "resample": _resample,
    "pitch": _pitch,
}
