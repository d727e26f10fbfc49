"""Ordinary sentences, and the canaries as the trainer gets them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from memaudit.errors import KitError, UsageError
from memaudit.kit.store import Kit
from memaudit.lab.data import Speech, canaries_to_train_on, ordinary_requests, ordinary_speech
from memaudit.lab.utterances import Vocabulary
from memaudit.models.frontends.registry import make_front_end

WORDS = Vocabulary(
    ("apple", "bread", "cloud", "dress", "eagle", "floor", "grape", "house", "island", "jacket")
)
SPEECH = Speech(40, ("en-us+f1", "en-gb+m1"), rates=(150, 160), words=(4, 6))
FRONT_END = make_front_end({"kind": "kaldi", "num_mels": 12})


@pytest.fixture(scope="module")
def kit_words(small_kit: Kit) -> Vocabulary:
    return Vocabulary(tuple(sorted({word for c in small_kit.canaries for word in c.text.split()})))


def test_sentences_differ_from_each_other_and_from_those_taken() -> None:
    first = ordinary_requests(SPEECH, WORDS, 3, "train")
    texts = {request.text for request in first}
    second = ordinary_requests(SPEECH, WORDS, 3, "test", texts)
    assert len(texts) == 40
    assert texts.isdisjoint(request.text for request in second)
    assert first == ordinary_requests(SPEECH, WORDS, 3, "train")
    assert first != ordinary_requests(SPEECH, WORDS, 4, "train")


def test_sentences_are_as_the_plan_says() -> None:
    requests = ordinary_requests(SPEECH, WORDS, 3, "train")
    assert {len(request.text.split()) for request in requests} == {4, 5, 6}
    assert {request.voice for request in requests} == {"en-us+f1", "en-gb+m1"}
    assert all(150 <= (request.rate or 0) <= 160 for request in requests)
    assert all(set(request.text.split()) <= set(WORDS.words) for request in requests)


def test_speech_becomes_features_whatever_the_number_of_jobs() -> None:
    requests = ordinary_requests(Speech(70, ("en-us+f1",), words=(4, 5)), WORDS, 1, "x")
    done: list[tuple[int, int]] = []
    one = ordinary_speech(requests, WORDS, FRONT_END, progress=lambda *pair: done.append(pair))
    two = ordinary_speech(requests, WORDS, FRONT_END, jobs=2)
    assert one.texts == two.texts == tuple(request.text for request in requests)
    assert all(np.array_equal(a, b) for a, b in zip(one.features, two.features, strict=True))
    assert done[-1] == (70, 70)


def test_every_copy_of_every_inserted_canary(small_kit: Kit, kit_words: Vocabulary, tmp_path: Path) -> None:
    """From the trainer's folder alone: there is no audit folder here."""
    shutil.copytree(small_kit.root / "train", tmp_path / "train")
    found = canaries_to_train_on(tmp_path, kit_words, FRONT_END)
    inserted = {c.text: c.repetitions for c in small_kit.canaries if c.arm == "inserted"}
    assert Counter(found.texts) == Counter(inserted)
    seconds = {c.text: c.duration for c in small_kit.canaries}
    for text, features in zip(found.texts, found.features, strict=True):
        assert len(features) == pytest.approx(100 * seconds[text], abs=1)


def test_a_foreign_word_is_named(small_kit: Kit) -> None:
    with pytest.raises(UsageError, match="is not in the recogniser's vocabulary"):
        canaries_to_train_on(small_kit.root, WORDS, FRONT_END)


def test_no_kit(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="cannot be read"):
        canaries_to_train_on(tmp_path, WORDS, FRONT_END)


@pytest.mark.parametrize("line", ['{"audio": "x.flac", "text": "apple"}', "[]", "7"])
def test_a_manifest_that_lacks_something(tmp_path: Path, line: str) -> None:
    (tmp_path / "train").mkdir()
    whole = json.dumps({"audio": "y.flac", "text": "apple", "repetitions": 1})
    (tmp_path / "train" / "manifest.jsonl").write_text(f"{whole}\n{line}\n")
    with pytest.raises(KitError, match=r"manifest\.jsonl:2: lacks .*repetitions"):
        canaries_to_train_on(tmp_path, WORDS, FRONT_END)
