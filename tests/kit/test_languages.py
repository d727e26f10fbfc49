"""Words, letters and sounds of each language, checked against the synthesiser's own reading."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein

from memaudit.errors import RecipeError
from memaudit.kit.language import language_of, languages
from memaudit.kit.text.letters import LetterSource
from memaudit.kit.wordlists import PACKAGED, is_plain, load_wordlist
from tests.kit.phonemes import LANGUAGES, VOICES, phonemes


def test_every_language_has_a_voice_to_check_it_with() -> None:
    assert languages().keys() == VOICES.keys()
    assert len(languages()) >= 8


@pytest.mark.parametrize(("code", "voice"), LANGUAGES)
def test_a_digits_word_sounds_like_its_figure_and_no_other(code: str, voice: str) -> None:
    figures = [phonemes(str(digit), voice) for digit in range(10)]
    for digit, word in enumerate(languages()[code].digits):
        said = phonemes(word, voice)
        distances = [Levenshtein.distance(said, figure) for figure in figures]
        assert distances[digit] == min(distances), (word, said, figures[digit])
        assert distances.count(min(distances)) == 1


@pytest.mark.parametrize(("code", "voice"), LANGUAGES)
def test_letters_are_said_by_their_names_and_these_differ(code: str, voice: str) -> None:
    letters = languages()[code].letters
    assert len(set(letters)) == len(letters) >= 20
    names = [phonemes(letter.upper(), voice) for letter in letters]
    assert len(set(names)) == len(names)
    for letter, name in zip(letters, names, strict=True):
        text = f"{letters[0]} {letter} {letters[1]} {letter}"
        first, second = names[:2]
        spoken = LetterSource(letters).spoken(text)
        assert phonemes(spoken, voice) == f"{first} {name} {second} {name}", spoken


def test_a_letter_that_is_a_word_is_not_said_as_one() -> None:
    assert phonemes("a b", "en-us").split()[0] != phonemes("A", "en-us")
    assert phonemes(LetterSource(("a", "b")).spoken("a b"), "en-us").split()[0] == phonemes("A", "en-us")


@pytest.mark.parametrize(("code", "voice"), LANGUAGES)
def test_no_two_pseudowords_sound_alike(code: str, voice: str) -> None:
    language = languages()[code]
    syllables = [onset + vowel for onset in language.onsets for vowel in language.vowels]
    words = [first + second for first, second in itertools.product(syllables, repeat=2)]
    assert len({phonemes(word, voice) for word in words}) == len(words) >= 1000


@pytest.mark.parametrize("name", sorted(PACKAGED))
def test_packaged_lists_are_plain_composed_and_of_the_stated_size(name: str) -> None:
    words = load_wordlist(name, Path())
    lost = name == "bip39-ru" and len(words) == 2047  # one word of mnemonic 0.21's list is damaged
    assert len(set(words)) == len(words) == (512 if name == "german-512" else 2047 if lost else 2048)
    assert all(is_plain(word) for word in words)
    assert all(unicodedata.is_normalized("NFC", word) for word in words)
    assert PACKAGED[name].language in languages()


@pytest.mark.parametrize("code", sorted(languages()))
def test_digits_are_plain(code: str) -> None:
    digits = languages()[code].digits
    assert len(set(digits)) == len(digits) == 10
    assert all(is_plain(word) for word in digits)


def test_regions_share_their_language_and_others_name_near_ones() -> None:
    assert language_of("pt-BR", "x").code == "pt"
    with pytest.raises(RecipeError, match=r"^x\.toml: nothing is known of the language 'ess'; use one of es"):
        language_of("ess", "x.toml")
