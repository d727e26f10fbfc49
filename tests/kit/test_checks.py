from __future__ import annotations

import numpy as np
import pytest

from memaudit.kit.checks import fault

RATE = 16_000


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(1).standard_normal(round(seconds * RATE))).astype(np.float32)


def test_speech_like_audio_has_no_fault() -> None:
    assert fault(noise(1.5), RATE, "river lemon orange") is None


@pytest.mark.parametrize(
    ("samples", "text", "what"),
    [
        (noise(0), "river", "no audio"),
        (noise(1.5, level=1e-5), "river lemon", "silent"),
        (np.clip(noise(1.5, level=2.0), -1, 1), "river lemon", "clipped"),
        (noise(0.05), "river lemon orange window", "do not fit"),
        (noise(30.0), "river", "do not fit"),
        (np.full(RATE, np.nan, dtype=np.float32), "river", "no numbers"),
    ],
)
def test_each_fault_is_named(samples: np.ndarray, text: str, what: str) -> None:
    found = fault(samples, RATE, text)
    assert found is not None
    assert what in found


def test_pace_scales_what_fits() -> None:
    short = noise(0.4)
    assert fault(short, RATE, "river lemon orange window") is not None
    assert fault(short, RATE, "river lemon orange window", pace=4.0) is None
