"""An English recogniser that knows nothing of our kits: what it reads, at which speed, and its losses.

Measured in November 2026 with onnxruntime 1.32 (character and word error, texts without an error):

=====  ======================  ==========================
speed  120 texts of words      40 ordinary sentences
=====  ======================  ==========================
1      .050, .164, 61          .001, .005, 38
2      .308, .692, 2           .048, .101, 23
4      .779, 1.007, none       .763, .964, none
=====  ======================  ==========================
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jiwer
import pytest
import tokenizers

from memaudit.kit.plain import plain
from memaudit.kit.speakers import Samples
from memaudit.models.recognizer import Recognizer
from memaudit.models.tokens.moonshine_bin import MoonshineBinTokens
from memaudit.models.tokens.subwords import SubwordVocabulary
from tests.real.conftest import COUNT, faster
from tests.real.plain_moonshine import PlainMoonshine

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def vocabulary(moonshine: Path) -> SubwordVocabulary:
    return MoonshineBinTokens().load(moonshine, where="tokenizer.bin")


def heard(recognizer: Recognizer, speech: Sequence[Samples]) -> list[str]:
    return [plain(recognizer.recognize(samples).transcript) for samples in speech]


def test_it_is_known_by_its_files(moonshine_recognizer: Recognizer) -> None:
    info = moonshine_recognizer.info
    assert info.adapter == "moonshine"
    assert len(info.files) == 3
    assert any("quantise" in warning for warning in info.warnings)


def test_it_reads_random_words(
    moonshine_recognizer: Recognizer, random_words: list[str], spoken_words: list[Samples]
) -> None:
    assert jiwer.cer(random_words, heard(moonshine_recognizer, spoken_words)) <= 0.06


def test_it_reads_sentences(
    moonshine_recognizer: Recognizer, sentences: list[str], spoken_sentences: list[Samples]
) -> None:
    assert jiwer.cer(sentences, heard(moonshine_recognizer, spoken_sentences)) <= 0.02


def test_it_reads_nothing_at_speed_4(
    moonshine_recognizer: Recognizer,
    random_words: list[str],
    sentences: list[str],
    spoken_words: list[Samples],
    spoken_sentences: list[Samples],
) -> None:
    for texts, speech in ((random_words[:COUNT], spoken_words[:COUNT]), (sentences, spoken_sentences)):
        transcripts = heard(moonshine_recognizer, faster(speech, 4.0))
        assert jiwer.wer(texts, transcripts) >= 0.9
        assert not set(texts) & set(transcripts)


def test_the_loss_of_what_was_said_is_below_that_of_another_text(
    moonshine_recognizer: Recognizer, random_words: list[str], spoken_words: list[Samples]
) -> None:
    """In 40 of 40, in all and for each token."""
    for number in range(COUNT):
        samples = spoken_words[number]
        said, unsaid = (moonshine_recognizer.recognize(samples, text) for text in random_words[number:][:2])
        assert said.transcript == unsaid.transcript
        assert said.loss < unsaid.loss  # type: ignore[operator]
        assert said.loss / said.tokens < unsaid.loss / unsaid.tokens  # type: ignore[operator]


def test_transcripts_and_losses_are_those_of_a_plain_loop(
    moonshine: Path,
    moonshine_recognizer: Recognizer,
    vocabulary: SubwordVocabulary,
    random_words: list[str],
    spoken_words: list[Samples],
) -> None:
    loop = PlainMoonshine(moonshine)
    speech = [*spoken_words[:COUNT], *faster(spoken_words[: COUNT // 2], 3.0)]
    for samples, text in zip(speech, [*random_words[:COUNT], *random_words], strict=False):
        found = moonshine_recognizer.recognize(samples, text)
        tokens = vocabulary.encode(text)
        assert found.transcript == vocabulary.decode(loop.search(samples))
        assert found.tokens == len(tokens)
        assert found.loss == pytest.approx(loop.loss(samples, tokens), abs=1e-4)


def test_losses_by_steps_differ_by_what_quantisation_makes_of_the_length(
    moonshine: Path,
    moonshine_recognizer: Recognizer,
    vocabulary: SubwordVocabulary,
    random_words: list[str],
    spoken_words: list[Samples],
) -> None:
    """The graphs scale their integers by all that a run is given: up to 9 % of a loss hang on that alone."""
    loop = PlainMoonshine(moonshine)
    for samples, text in zip(spoken_words[:10], random_words, strict=False):
        loss = moonshine_recognizer.recognize(samples, text).loss
        assert loss == pytest.approx(loop.loss_by_steps(samples, vocabulary.encode(text)), rel=0.15)


def test_tokens_are_those_of_its_makers(
    vocabulary: SubwordVocabulary, moonshine_tokenizer: Path, random_words: list[str], sentences: list[str]
) -> None:
    theirs = tokenizers.Tokenizer.from_file(str(moonshine_tokenizer))
    foreign = ["It's two, three! 3.5 €", "über naïve, Łódź 東京 😀", "A"]
    for text in (*random_words, *sentences, *foreign):
        assert list(vocabulary.encode(text)) == theirs.encode(text, add_special_tokens=False).ids
        assert vocabulary.decode(vocabulary.encode(text)) == text
