"""Tokens of texts, against the libraries that train and run tokenizers."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import MissingExtraError, RecipeError
from memaudit.kit.feasibility_tokens import Tokenizer, load_tokenizer
from memaudit.kit.wordlists import load_wordlist
from tests.kit.recipes import tiny

TEXTS = ["abandon ability", "letter bottle coffee", "zoo zoo", "a"]


@pytest.fixture(scope="module")
def words() -> tuple[str, ...]:
    return load_wordlist("bip39-en", Path())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, words: tuple[str, ...]) -> Path:
    """A sentencepiece model and a tokenizer.json, trained on the word list; one of each in upper case."""
    sentencepiece = pytest.importorskip("sentencepiece")
    tokenizers = pytest.importorskip("tokenizers")
    place = tmp_path_factory.mktemp("tokenizers")
    for name, lines in (("lower", words), ("UPPER", [word.upper() for word in words])):
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=iter(lines), model_prefix=str(place / name), vocab_size=200,
            model_type="bpe", character_coverage=1.0, minloglevel=2,
        )  # fmt: skip
        model = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))  # noqa: S106
        model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=200, special_tokens=["[UNK]"], show_progress=False
        )
        model.train_from_iterator(lines, trainer)
        model.save(str(place / f"{name}.json"))
    return place


@given(st.text(max_size=60))
def test_characters_count_themselves(text: str) -> None:
    found = load_tokenizer("char", Path()).count(text)
    assert found.tokens == len(text)
    assert found.repeats == len(text) - sum(1 for _ in itertools.groupby(text))
    assert found.unknown == 0


@pytest.mark.parametrize("text", TEXTS)
def test_sentencepiece_as_the_library_counts(folder: Path, text: str) -> None:
    import sentencepiece

    ids = sentencepiece.SentencePieceProcessor(model_file=str(folder / "lower.model")).encode(text)
    found = load_tokenizer("lower.model", folder).count(text)
    assert found.tokens == len(ids)
    assert found.repeats == sum(ids[at] == ids[at + 1] for at in range(len(ids) - 1))
    assert found.unknown == 0
    assert found.tokens <= len(text) + 1  # the mark of a word's start may stand alone


@pytest.mark.parametrize("text", TEXTS)
def test_tokenizer_json_as_the_library_counts(folder: Path, text: str) -> None:
    import tokenizers

    ids = tokenizers.Tokenizer.from_file(str(folder / "lower.json")).encode(text).ids
    found = load_tokenizer("lower.json", folder).count(text)
    assert (found.tokens, found.unknown) == (len(ids), 0)


@pytest.mark.parametrize("suffix", ["model", "json"])
def test_an_upper_case_tokenizer_is_given_upper_case(folder: Path, suffix: str) -> None:
    lower, upper = (load_tokenizer(f"{name}.{suffix}", folder) for name in ("lower", "UPPER"))
    for text in TEXTS:
        assert upper.count(text).unknown == 0
        assert abs(upper.count(text).tokens - lower.count(text).tokens) <= 2


@pytest.mark.parametrize("name", ["lower.model", "lower.json"])
def test_what_a_tokenizer_does_not_know_is_counted(folder: Path, name: str) -> None:
    assert load_tokenizer(name, folder).count("ability ж").unknown == 1


def test_a_unigram_tokenizer_json_names_its_unknown_token_by_number(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.Tokenizer(
        tokenizers.models.Unigram([("<unk>", 0.0), ("a", -1.0), ("b", -1.0)], 0, False)
    )
    model.save(str(tmp_path / "u.json"))
    assert load_tokenizer("u.json", tmp_path).count("ab7").unknown == 1


def test_the_case_that_is_known_better_wins() -> None:
    found = Tokenizer("x", lambda text: [0 if letter.islower() else 1 for letter in text], 0)
    assert found.count("abC").unknown == 0
    assert Tokenizer("x", lambda text: [0 for _ in text], 0).count("ab").unknown == 2


def test_a_path_is_looked_for_beside_the_recipe_and_then_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert load_tokenizer("lower.model", tmp_path).name == "lower.model"
    assert load_tokenizer(str(folder / "lower.json"), tmp_path).name == "lower.json"


@pytest.mark.parametrize("name", ["none.model", "none.json"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=rf"feasibility\.tokenizer = {name}: there is no such file"):
        load_tokenizer(name, tmp_path)


@pytest.mark.parametrize(("name", "text"), [("x.model", "no model"), ("x.json", "{"), ("x.json", "{}")])
def test_files_that_are_no_tokenizer(tmp_path: Path, name: str, text: str) -> None:
    pytest.importorskip("sentencepiece")
    pytest.importorskip("tokenizers")
    (tmp_path / name).write_text(text)
    with pytest.raises(RecipeError, match=rf"{name}: is no (sentencepiece model|tokenizer\.json)") as caught:
        load_tokenizer(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "library"), [("x.model", "sentencepiece"), ("x.json", "tokenizers")])
def test_a_library_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    (tmp_path / name).write_text("x")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"memaudit-asr\[tokenizers\]"):
        load_tokenizer(name, tmp_path)


def test_characters_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("sentencepiece", "tokenizers"):
        monkeypatch.setitem(sys.modules, library, None)
    assert load_tokenizer("char", tiny().folder).count("abba").repeats == 1
