"""Exact copies, kept once."""

from __future__ import annotations

from collections import Counter

import torch

from memaudit.kit.store import Kit
from memaudit.lab.data import canaries_to_train_on
from memaudit.lab.utterances import Utterances, Vocabulary
from memaudit.models.frontends.registry import make_front_end
from tests.lab.deduplicate import deduplicated


def test_sixteen_copies_become_one(small_kit: Kit) -> None:
    words = Vocabulary(tuple(sorted({word for c in small_kit.canaries for word in c.text.split()})))
    found = canaries_to_train_on(small_kit.root, words, make_front_end({"kind": "kaldi", "num_mels": 12}))
    inserted = [c for c in small_kit.canaries if c.arm == "inserted"]
    assert len(found) == sum(c.repetitions for c in inserted) > len(inserted)
    once = deduplicated(found)
    assert Counter(once.texts) == Counter(c.text for c in inserted)
    assert deduplicated(once) == once


def test_only_the_same_audio_with_the_same_text_is_a_copy() -> None:
    sound = torch.arange(12.0).reshape(6, 2)
    louder = sound + 1e-6 * sound.abs().max()
    rows = [
        (sound, "one"),
        (sound.clone(), "one"),
        (sound, "two"),
        (louder, "one"),
        (sound.reshape(3, 4), "one"),
        (sound, "one"),
        (sound.to(torch.float16), "one"),
    ]
    data = Utterances(
        tuple(features for features, _ in rows),
        tuple(torch.tensor([1]) for _ in rows),
        tuple(text for _, text in rows),
    )
    found = deduplicated(data)
    assert found.texts == ("one", "two", "one", "one", "one")
    kept = (rows[0][0], rows[2][0], rows[3][0], rows[4][0], rows[6][0])
    assert all(one is other for one, other in zip(found.features, kept, strict=True))
