from __future__ import annotations

import math
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memaudit.errors import RecipeError
from memaudit.kit.controls import control_texts
from memaudit.kit.language import languages
from memaudit.kit.recipe import load_recipe
from memaudit.kit.seeds import SEED_BITS, draw_seed, stream, token
from memaudit.kit.text import WordSource, draw_texts, text_source
from memaudit.kit.wordlists import load_wordlist
from tests.kit.recipes import tiny, unhurried

TEN = WordSource(tuple("abcdefghij"))


def test_the_packaged_list_is_bip_39() -> None:
    words = load_wordlist("bip39-en", Path())
    assert len(words) == len(set(words)) == 2048
    # from the standard's own list: first, last, and no two words that share their first four letters
    assert (words[0], words[-1]) == ("abandon", "zoo")
    assert len({word[:4] for word in words}) == 2048
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)


def test_entropy_of_a_text_is_the_log_of_how_many_there_are() -> None:
    assert WordSource(("a", "b")).bits(5) == 5
    assert text_source(tiny()).bits(5) == 55
    assert TEN.bits(3) == pytest.approx(math.log2(10**3))


def test_words_are_uniform_and_independent() -> None:
    generator = np.random.default_rng(5)
    pairs = Counter(tuple(TEN.draw(generator, 2).split()) for _ in range(20_000))
    table = [pairs[first, second] for first in TEN.words for second in TEN.words]
    assert stats.chisquare(table).pvalue > 0.001


@unhurried
@given(st.lists(st.integers(3, 6), max_size=60), st.integers(0, 2**128), st.sampled_from("ab"))
def test_texts_are_different_have_their_lengths_and_come_from_the_seed(
    lengths: list[int], seed: int, name: str
) -> None:
    first = draw_texts(TEN, lengths, seed, name)
    assert [len(text.split()) for text in first] == lengths
    assert len(set(first)) == len(first)
    assert first == draw_texts(TEN, lengths, seed, name)
    later = draw_texts(TEN, lengths, seed, "c", taken=set(first))
    assert not set(first) & set(later)


def test_asking_for_most_of_all_texts_is_refused() -> None:
    assert len(draw_texts(TEN, [3] * 100, 1, "text")) == 100
    with pytest.raises(RecipeError, match=r"101 texts of 3 words.*1000"):
        draw_texts(TEN, [3] * 101, 1, "text")


def test_draws_have_streams_of_their_own() -> None:
    first = stream(3, "text", 0).integers(1 << 62, size=4).tolist()
    assert first == stream(3, "text", 0).integers(1 << 62, size=4).tolist()
    others = [stream(3, "text", 1), stream(3, "coins", 0), stream(4, "text", 0), stream(3, "text")]
    assert all(first != other.integers(1 << 62, size=4).tolist() for other in others)
    assert len({token(3, "id", number) for number in range(5000)}) == 5000


def test_a_drawn_seed_is_long() -> None:
    seeds = {draw_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert max(seeds).bit_length() > SEED_BITS - 12


def test_a_word_list_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\ufefffluß\n\n  maße \nzoë\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"list\.txt:1.*'fluß' is no plain word"):
        load_wordlist("list.txt", tmp_path)  # comparing texts folds ß to ss
    (tmp_path / "list.txt").write_text("\ufeffflut\n\n  mass \nzoë\n", encoding="utf-8")
    assert load_wordlist("list.txt", tmp_path) == ("flut", "mass", "zoë")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"one\ntwo words\n", r"list\.txt:2.*'two words' is no plain word"),
        (b"one\nTwo\n", r"list\.txt:2.*'Two' is no plain word"),
        (b"one\nit's\n", r"list\.txt:2"),
        (b"one\ntwo\none\n", r"list\.txt:3.*'one' is there twice, first in line 1"),
        (b"one\n", "fewer than two words"),
        (b"\xff\xfe\x00", "no UTF-8 text"),
        (None, "cannot be read"),
    ],
)
def test_bad_word_lists(tmp_path: Path, content: bytes | None, what: str) -> None:
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(RecipeError, match=what):
        load_wordlist("list.txt", tmp_path)


def test_a_list_is_looked_for_beside_its_recipe(tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("one\ntwo\nthree\n")
    (tmp_path / "mine.toml").write_text(
        'schema = "memaudit/recipe/1"\nname = "mine"\ntext.wordlist = "few.txt"\n'
    )
    source = text_source(load_recipe(str(tmp_path / "mine.toml")))
    assert source.alphabet == 3


@pytest.mark.parametrize("code", sorted(languages()))
def test_sentences_are_plain_and_different(code: str) -> None:
    found = languages()[code].sentences
    assert len(found) >= 32
    assert len(set(found)) == len(found)
    for sentence in found:
        assert sentence.replace(" ", "").isalpha()
        assert sentence == " ".join(sentence.lower().split())
        assert sentence == unicodedata.normalize("NFC", sentence)
        assert 4 <= len(sentence.split()) <= 14


def test_controls_are_sentences_or_the_recipes_own_texts() -> None:
    ordinary = tiny(design={"controls": 60})
    found = control_texts(ordinary, TEN, 4, set())
    assert len(set(found)) == 60
    assert set(found) <= set(languages()["en"].sentences)
    assert found != control_texts(ordinary, TEN, 5, set())
    own = tiny(text={"control_style": "recipe"}, design={"controls": 7})
    taken = set(draw_texts(TEN, [4, 5] * 20, 4, "text"))
    drawn = control_texts(own, WordSource(TEN.words, (4, 5)), 4, taken)
    assert [len(text.split()) for text in drawn] == [4, 5, 4, 5, 4, 5, 4]
    assert set("".join(drawn)) <= set("abcdefghij ")
    assert not taken & set(drawn)


def test_controls_that_cannot_be_had() -> None:
    with pytest.raises(RecipeError, match=r"design\.controls.*more than the"):
        control_texts(tiny(design={"controls": 1000}), TEN, 1, set())
    with pytest.raises(RecipeError, match=r"language 'fi'.*control_style"):
        control_texts(tiny(text={"language": "fi"}), TEN, 1, set())
    assert control_texts(tiny(text={"language": "fi"}, design={"controls": 0}), TEN, 1, set()) == []
