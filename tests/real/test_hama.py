"""A recogniser of phones: one CTC graph from waveform to IPA.

Measured in November 2026 with onnxruntime 1.32 (phone errors among the phones of the references):

=====  ===================  ====================
speed  120 texts of words   40 ordinary sentences
=====  ===================  ====================
1      .103                 .019
2      .645                 .599
4      .982                 .985
=====  ===================  ====================

References are what `tests.real.phones` writes: the wheel's own model of letters to phones. It takes some
single words for words of other languages ("tornado", "camera"), which is a part of the error on random words.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from memaudit.kit.speakers import Samples
from memaudit.models.recognizer import Recognizer
from tests.real.conftest import COUNT, faster
from tests.real.phones import Phones, errors

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def phones(hama_letters: Path) -> Phones:
    return Phones(hama_letters)


def phone_error(recognizer: Recognizer, references: list[str], speech: list[Samples]) -> float:
    found = [
        errors(reference, recognizer.recognize(samples).transcript)
        for reference, samples in zip(references, speech, strict=True)
    ]
    return sum(wrong for wrong, _ in found) / sum(count for _, count in found)


def test_it_is_known_by_its_files(hama_recognizer: Recognizer) -> None:
    assert hama_recognizer.info.adapter == "hama"
    assert [name for name, _ in hama_recognizer.info.files] == ["asr_waveform_fp16.onnx", "g2p_vocab.json"]


def test_it_hears_the_phones_of_sentences(
    hama_recognizer: Recognizer, phones: Phones, sentences: list[str], spoken_sentences: list[Samples]
) -> None:
    references = [phones.text(text) for text in sentences]
    assert len(references) == COUNT
    assert phone_error(hama_recognizer, references, spoken_sentences) <= 0.10
    assert phone_error(hama_recognizer, references, faster(spoken_sentences, 4.0)) >= 0.9


def test_it_hears_the_phones_of_random_words(
    hama_recognizer: Recognizer, phones: Phones, random_words: list[str], spoken_words: list[Samples]
) -> None:
    references = [phones.text(text) for text in random_words]
    assert phone_error(hama_recognizer, references, spoken_words) <= 0.13


def test_the_loss_of_what_was_said_is_below_that_of_another_text(
    hama_recognizer: Recognizer, phones: Phones, random_words: list[str], spoken_words: list[Samples]
) -> None:
    """In 40 of 40, in all and for each phone."""
    references = [phones.text(text) for text in random_words[: COUNT + 1]]
    for number in range(COUNT):
        samples = spoken_words[number]
        said, unsaid = (hama_recognizer.recognize(samples, text) for text in references[number:][:2])
        assert said.loss < unsaid.loss  # type: ignore[operator]
        assert said.loss / said.tokens < unsaid.loss / unsaid.tokens  # type: ignore[operator]


def test_too_many_phones_for_the_frames_are_told(
    hama_recognizer: Recognizer, phones: Phones, sentences: list[str], spoken_sentences: list[Samples]
) -> None:
    """A token and the break between two words take a frame each, two alike one more."""
    fast = faster(spoken_sentences[:COUNT], 4.0)
    found = [
        hama_recognizer.recognize(samples, phones.text(text))
        for samples, text in zip(fast, sentences, strict=True)
    ]
    assert {one.infeasible for one in found} == {False, True}
    assert all((one.loss is None) == one.infeasible for one in found)
    assert all(np.isfinite(one.loss) for one in found if one.loss is not None)


def test_transcripts_are_those_of_a_plain_loop(
    hama: Path, hama_recognizer: Recognizer, spoken_words: list[Samples]
) -> None:
    """Its makers lower the blank by 0.1, take the best of each frame, and then one of each run."""
    session = onnxruntime.InferenceSession(hama / "asr_waveform_fp16.onnx")
    symbols = json.loads((hama / "g2p_vocab.json").read_text(encoding="utf-8"))["decoder"] + ["|"]
    for samples in spoken_words[:COUNT]:
        feeds = {"waveform": samples[None], "waveform_lengths": np.array([samples.size])}
        scores, lengths = session.run(["log_probs", "out_lengths"], feeds)
        scores = scores[0, : lengths[0]].copy()
        scores[:, len(symbols)] -= 0.1
        best = [token for token, _ in groupby(scores.argmax(axis=1)) if token != len(symbols)]
        assert hama_recognizer.recognize(samples).transcript.split() == [symbols[token] for token in best]
