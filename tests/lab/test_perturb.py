"""Speed perturbation of training audio."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from memaudit.errors import UsageError
from memaudit.kit.speech import SAMPLE_RATE
from memaudit.lab.perturb import FACTORS, Speeds
from memaudit.lab.utterances import Vocabulary, featurise
from memaudit.models.frontends.registry import make_front_end

TARGET = torch.tensor([1, 2])


def tone(samples: int, hertz: float = 1000.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE)).astype(np.float32)


def pitch(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(power.argmax() * SAMPLE_RATE / len(samples))


def test_each_utterance_gets_one_of_the_factors_in_length_and_pitch() -> None:
    audio = [tone(16_000) for _ in range(300)]
    found = list(Speeds(5).perturbed(audio, [TARGET] * 300, "train"))
    factors = np.array([16_000 / len(samples) for samples in found])
    nearest = np.array([min(FACTORS, key=lambda factor, f=f: abs(f - factor)) for f in factors])
    assert np.abs(factors - nearest).max() < 1e-3
    assert all((nearest == factor).sum() > 70 for factor in FACTORS)
    for samples, factor in zip(found[:20], nearest[:20], strict=True):
        assert pitch(samples) == pytest.approx(1000 * factor, rel=0.01)


def test_seed_and_name_decide() -> None:
    audio = [tone(8_000) for _ in range(40)]

    def lengths(seed: int, name: str) -> list[int]:
        return [len(samples) for samples in Speeds(seed).perturbed(audio, [TARGET] * 40, name)]

    assert lengths(1, "a") == lengths(1, "a")
    assert lengths(1, "a") != lengths(1, "b")
    assert lengths(1, "a") != lengths(2, "a")


def test_what_would_not_fit_keeps_its_speed_and_always_featurises() -> None:
    words = Vocabulary(("one", "two"))
    front_end = make_front_end({"kind": "kaldi", "num_mels": 12})
    texts = [" ".join(["one"] * count) for count in range(1, 13)]
    targets = [words.encode(text) for text in texts]
    # Just long enough for its words at speed 1: a word and the blank after it take 80 ms.
    audio = [tone(640 * (2 * count - 1) + 160) for count in range(1, 13)]
    featurise(audio, texts, words, front_end)
    found = list(Speeds(1, (1.5,)).perturbed(audio, targets, "tight"))
    assert [len(samples) for samples in found] == [len(samples) for samples in audio]
    featurise(
        Speeds(1, (1.5,)).perturbed([tone(16_000)] * 12, targets[:8] + targets[:4], "x"),
        texts[:8] + texts[:4],
        words,
        front_end,
    )


@pytest.mark.parametrize("factors", [(), (0.0,), (1.0, -1.0), (float("nan"),)])
def test_factors_that_are_none(factors: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="speed factors"):
        Speeds(1, factors)
