"""Made-up audio for looking at a model: the same samples every time."""

from __future__ import annotations

import numpy as np

from memaudit.models.recognizer import Samples


def faint_noise(seconds: float, rate: int) -> Samples:
    """White noise of -60 dB: a recogniser hears nothing in it. float32 [seconds * rate]."""
    return np.random.default_rng(0).normal(0.0, 1e-3, round(seconds * rate)).astype(np.float32)


def babble(seconds: float, rate: int) -> Samples:
    """Something like speech without words: float32 [seconds * rate].

    Pulses at a gliding pitch through three resonances that move from syllable to syllable, four syllables a
    second, over faint noise.
    """
    rng = np.random.default_rng(1)
    count = round(seconds * rate)
    time = np.arange(count) / rate
    syllable = np.minimum((4 * time).astype(int), 15)
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    centres = np.stack([rng.uniform(*span, 16) for span in ((300, 800), (900, 2200), (2300, 3200))])[
        :, syllable
    ]
    wave = np.zeros(count)
    for harmonic in range(1, int(min(3500, 0.45 * rate) / 150)):
        near = np.exp(-(((harmonic * pitch - centres) / 150) ** 2)).sum(axis=0)
        wave += (0.05 + near) / harmonic**0.5 * np.sin(harmonic * phase)
    wave *= np.sin(np.pi * (4 * time % 1)) ** 0.5
    wave *= 0.1 / np.sqrt((wave**2).mean())
    return (wave + rng.normal(0.0, 1e-3, count)).astype(np.float32)
