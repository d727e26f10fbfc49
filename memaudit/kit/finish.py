"""From speech to a canary's audio: change the speed, set the level, put noise under it, check."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from memaudit.errors import SpeechError
from memaudit.kit.checks import fault
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.speakers.base import Samples, SpeechRequest
from memaudit.kit.speed import at_level, change_speed

#: Root mean square of every utterance of a kit, with full scale 1.
LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Finish:
    """How an utterance is finished.

    Attributes:
        speed: how many times faster.
        method: as in `change_speed`.
        sample_rate: in Hz.
        noise_db: root mean square of white noise under it, in dB below full scale, or None.
        noise_seed: fixes that noise.
    """

    speed: float
    method: str
    sample_rate: int
    noise_db: float | None = None
    noise_seed: int = 0


def finish(spoken: Samples, rate: int, request: SpeechRequest, how: Finish) -> Samples:
    """Finish float32[S] at ``rate`` Hz: float32[S / speed] (for pitch: float32[S]) at `LEVEL`.

    Raises:
        SpeechError: if the result is no usable speech.
    """
    fast = change_speed(spoken, how.speed, rate, how.method)
    if how.sample_rate != rate:
        fast = np.asarray(soxr.resample(fast, rate, how.sample_rate), dtype=np.float32)
    samples = at_level(fast, LEVEL)
    if how.noise_db is not None:
        samples = at_level(samples + noise(samples.size, how.noise_db, how.noise_seed), LEVEL)
    shorter = 1.0 if how.method == "pitch" else how.speed
    pace = shorter * (request.rate or DEFAULT_RATE) / DEFAULT_RATE
    wrong = fault(samples, how.sample_rate, request.text, pace)
    if wrong:
        raise SpeechError(
            f"{wrong} for text {request.label!r} at speed {how.speed:g}",
            where=f"voice {request.voice!r}",
            how="use another voice, speed or method",
        )
    return samples


def noise(size: int, decibels: float, seed: int) -> Samples:
    """White Gaussian noise: float32[size] of that level in dB below full scale."""
    drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal(size, dtype=np.float32)
    return (drawn * np.float32(10 ** (decibels / 20))).astype(np.float32)
