"""What can be wrong with one utterance that a speech engine gave back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Root mean square below which an utterance counts as silent (full scale is 1).
SILENT_RMS = 1e-3
#: Share of samples at full scale above which an utterance counts as clipped.
CLIPPED_SHARE = 1e-3
#: Least and most seconds a character, at 175 words a minute; `SPARE_SECONDS` more for a short text.
SECONDS_PER_CHARACTER = (0.02, 1.2)
SPARE_SECONDS = 1.5


def fault(samples: NDArray[np.float32], sample_rate: int, text: str, pace: float = 1.0) -> str | None:
    """Name what is wrong with ``samples`` as speech of ``text``, or None.

    Args:
        samples: float32[S], full scale 1.
        sample_rate: in Hz.
        text: what was to be spoken.
        pace: how many times faster than 175 words a minute it was to be spoken.
    """
    if samples.size == 0:
        return "no audio came back"
    power = float(np.dot(samples, samples)) / samples.size  # no number if a sample is none
    if not np.isfinite(power):
        return "the audio holds values that are no numbers"
    if power < SILENT_RMS**2:
        return "the audio is silent"
    if np.count_nonzero(np.abs(samples) >= 32767 / 32768) > CLIPPED_SHARE * samples.size:
        return "the audio is clipped"
    seconds = samples.size / sample_rate * pace
    shortest, longest = (bound * len(text) for bound in SECONDS_PER_CHARACTER)
    if not shortest <= seconds <= longest + SPARE_SECONDS:
        return f"{seconds / pace:.2f} seconds of audio do not fit {len(text)} characters of text"
    return None
