"""Vocabulary and features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from memaudit.errors import UsageError
from memaudit.lab.utterances import Utterances, Vocabulary, featurise

WORDS = Vocabulary(("one", "two", "three"))


def framed(samples: np.ndarray) -> np.ndarray:
    """A front end of one frame a sample."""
    return samples[:, None]


def spoken(texts: list[str], frames: int = 40) -> Utterances:
    return featurise((np.full(frames, i, np.float32) for i in range(len(texts))), texts, WORDS, framed)


def test_vocabulary_writes_and_reads() -> None:
    assert WORDS.size == 4
    assert WORDS.encode("two one two").tolist() == [2, 1, 2]
    assert WORDS.decode([2, 1, 2]) == "two one two"
    with pytest.raises(UsageError, match="two four: the word 'four' is not in"):
        WORDS.encode("two four")


def test_a_text_must_fit_into_its_frames() -> None:
    """Repeated words need a blank between them: three frames hold 'one two', not 'one one two'."""
    assert len(spoken(["one two"], frames=9)) == 1
    assert len(spoken(["one one two"], frames=13)) == 1
    with pytest.raises(UsageError, match="'one one two' needs 4 frames of 40 ms and has 3"):
        spoken(["one one two"], frames=12)


def test_select_repeats_and_orders() -> None:
    three = spoken(["one", "two", "three"])
    chosen = three.select([2, 0, 2])
    assert chosen.texts == ("three", "one", "three")
    assert [int(f[0, 0]) for f in chosen.features] == [2, 0, 2]
    assert [t.tolist() for t in chosen.targets] == [[3], [1], [3]]
    assert (chosen + three).texts == ("three", "one", "three", "one", "two", "three")


def test_batches_cover_everything_once() -> None:
    batches = list(spoken(["one", "two", "three"] * 3).batches(4))
    assert [len(batch) for batch in batches] == [4, 4, 1]
    assert torch.cat([batch.targets for batch in batches]).flatten().tolist() == [1, 2, 3] * 3
