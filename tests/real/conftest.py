"""Real recognisers, and clear speech for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from memaudit.kit.finish import LEVEL
from memaudit.kit.language import languages
from memaudit.kit.recipe import load_recipe
from memaudit.kit.seeds import stream
from memaudit.kit.speakers import Samples, Source, SpeechRequest
from memaudit.kit.speech import SAMPLE_RATE, speak
from memaudit.kit.speed import at_level, change_speed
from memaudit.kit.text import text_source
from memaudit.models.recognizer import Recognizer
from memaudit.models.registry import load_recognizer
from tests.real.wheels import (
    HAMA,
    HAMA_LETTERS,
    MOONSHINE,
    MOONSHINE_TOKENIZER,
    NoAnswerError,
    Wheel,
    cache_folder,
    unpacked,
)

COUNT = 40


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real: trained models, downloaded from the package index")


def fetched(wheel: Wheel) -> Path:
    try:
        return unpacked(wheel, cache_folder())
    except NoAnswerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def moonshine() -> Path:
    """A folder with an English recogniser, encoder and decoder."""
    return fetched(MOONSHINE)


@pytest.fixture(scope="session")
def moonshine_tokenizer() -> Path:
    """The tokenizer.json of the same vocabulary, by the model's makers."""
    return fetched(MOONSHINE_TOKENIZER) / "tokenizer.json"


@pytest.fixture(scope="session")
def hama() -> Path:
    """A folder with a recogniser of phones: one CTC graph that takes the waveform."""
    return fetched(HAMA)


@pytest.fixture(scope="session")
def hama_letters() -> Path:
    """What writes English words in that recogniser's phones."""
    return fetched(HAMA_LETTERS)


@pytest.fixture(scope="session")
def moonshine_recognizer(moonshine: Path) -> Recognizer:
    return load_recognizer(moonshine)


@pytest.fixture(scope="session")
def hama_recognizer(hama: Path) -> Recognizer:
    return load_recognizer(hama)


@pytest.fixture(scope="session")
def random_words() -> list[str]:
    """Texts as canaries have them: 5 to 7 random words. Three times as many: they are uneven."""
    source, drawn = text_source(load_recipe("routine")), stream(40, "real")
    return [source.draw(drawn, 5 + number % 3) for number in range(3 * COUNT)]


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """Ordinary sentences, as controls are."""
    return list(languages()["en"].sentences[:COUNT])


def spoken(texts: list[str]) -> list[Samples]:
    """Clear speech at 16 kHz and a kit's level."""
    requests = [SpeechRequest(text, "heart") for text in texts]
    return [at_level(samples, LEVEL) for samples in speak(requests, source=Source("hibari"))]


def faster(speech: list[Samples], factor: float) -> list[Samples]:
    """The same at another speed, the pitch kept."""
    return [at_level(change_speed(samples, factor, SAMPLE_RATE), LEVEL) for samples in speech]


@pytest.fixture(scope="session")
def spoken_words(random_words: list[str]) -> list[Samples]:
    return spoken(random_words)


@pytest.fixture(scope="session")
def spoken_sentences(sentences: list[str]) -> list[Samples]:
    return spoken(sentences)
