"""What a kit itself shows of each canary, without any model: for the blind baseline."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memaudit.kit.audio import read_audio
from memaudit.kit.canary import Canary
from memaudit.kit.store import Kit

Floats = npt.NDArray[np.float64]

BANDS = 8
"""How many bands, equally wide on a logarithmic scale of frequency, the spectral means have."""

_LOWEST = 100.0
_FAINTEST = 1e-12


def kit_features(kit: Kit, canaries: Sequence[Canary]) -> Floats:
    """Features f8[n, d] of canaries of a kit, from their texts and their audio.

    Characters, words, distinct characters, mean rarity of the words (-log2 of their share among these
    canaries' words), duration in seconds, level and peak in dB, mean level in dB of `BANDS` bands of
    frequency, and which voice and language it has.

    Raises:
        AudioError: naming a file that cannot be read.
    """
    seen = Counter(word for canary in canaries for word in canary.text.split())
    total = sum(seen.values())
    voices = sorted({(canary.voice, canary.language) for canary in canaries})
    rows = []
    for canary in canaries:
        words = canary.text.split()
        rarity = float(np.mean([-np.log2(seen[word] / total) for word in words]))
        text = [len(canary.text), len(words), len(set(canary.text)), rarity]
        speaker = [float((canary.voice, canary.language) == voice) for voice in voices]
        rows.append([*text, *_heard(kit, canary), *speaker])
    return np.array(rows, dtype=np.float64)


def _heard(kit: Kit, canary: Canary) -> list[float]:
    samples, rate = read_audio(kit.audio_path(canary))
    wave = samples.astype(np.float64)
    power = np.abs(np.fft.rfft(wave)) ** 2 / wave.size
    frequencies = np.fft.rfftfreq(wave.size, 1.0 / rate)
    edges = np.geomspace(_LOWEST, rate / 2.0, BANDS + 1)
    inside = [(frequencies >= low) & (frequencies < high) for low, high in itertools.pairwise(edges)]
    bands = [_decibel(float(power[band].mean())) if band.any() else 0.0 for band in inside]
    return [wave.size / rate, _decibel(float(np.mean(wave**2))), _decibel(float(np.max(wave**2))), *bands]


def _decibel(power: float) -> float:
    return float(10.0 * np.log10(power + _FAINTEST))
