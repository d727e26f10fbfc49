"""Token files, and text to indices and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import ModelError, TokenError
from memaudit.models.tokens.base import Tokens
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.lines import LineTokens, LineVocabulary
from memaudit.models.tokens.registry import TOKEN_KINDS, load_tokens
from tests.models.builders import CHARS, WORDS, write_tokens


def vocabulary(folder: Path, text: str, **table: object) -> LineVocabulary:
    (folder / "tokens.txt").write_text(text, encoding="utf-8")
    loaded = load_tokens(table, folder, where="model.toml")
    assert isinstance(loaded, LineVocabulary)
    return loaded


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("<blk> 0\na 1\nb 2\n", ("<blk>", "a", "b")),
        ("b 2\n<blk> 0\na 1", ("<blk>", "a", "b")),
        ("<blk>\t0\r\na\t1\r\n", ("<blk>", "a")),
        ("<blk>\na\n1\n", ("<blk>", "a", "1")),
        ("\ufeff<blk>\na\n", ("<blk>", "a")),
        ("<blk> 0\n  1\n\u2028 2\n", ("<blk>", " ", "\u2028")),
        ("<blk>\n \na\n\n\n", ("<blk>", " ", "a")),
        ("1 0\n2 1\n", ("1", "2")),
    ],
)
def test_token_files_of_both_forms(tmp_path: Path, text: str, symbols: tuple[str, ...]) -> None:
    path = tmp_path / "tokens.txt"
    path.write_bytes(text.encode())
    assert read_symbols(path) == symbols


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a 0\nb\n", "line 2, 'b', is not 'token index'"),
        (b"a 0\nb 0\n", "line 2 gives the index 0 again"),
        (b"a 0\nb 2\n", "line 2 gives the index 2, but 2 tokens have 0 to 1"),
        (b"a 0\na 1\n", "the token 'a' has the indices 0 and 1"),
        (b"a\nb\na\n", "the token 'a' has the indices 0 and 2"),
        (b"a\n\nb\n", "line 2 is empty"),
    ],
)
def test_wrong_token_files_are_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_symbols(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_or_unreadable_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="token file is missing; put it there"):
        read_symbols(tmp_path / "tokens.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelError, match="token file cannot be read"):
        read_symbols(tmp_path / "folder")


words = st.lists(st.sampled_from(WORDS[1:]), max_size=8)


@given(words)
def test_words_survive_the_round_trip(spoken: list[str]) -> None:
    symbols = WORDS
    vocabulary = LineVocabulary(LineTokens(style="word"), Path("t"), symbols, 0, "", frozenset({0}))
    indices = vocabulary.encode("  ".join(spoken))
    assert indices == tuple(symbols.index(word) for word in spoken)
    assert vocabulary.decode(indices) == " ".join(spoken)


@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=9), max_size=6),
    st.sampled_from(["|", " "]),
)
def test_characters_survive_the_round_trip(spoken: list[str], separator: str) -> None:
    symbols = tuple(separator if symbol == "|" else symbol for symbol in CHARS)
    vocabulary = LineVocabulary(LineTokens(style="char"), Path("t"), symbols, 0, separator, frozenset({0}))
    text = " ".join(spoken)
    indices = vocabulary.encode(text)
    assert len(indices) == len(text)
    assert vocabulary.decode(indices) == text


def test_decoding_joins_words_once_whatever_the_model_emits(tmp_path: Path) -> None:
    tokens = vocabulary(tmp_path, "<blk>\n|\na\nb\n<s>\n", style="char", special=["<s>"])
    assert tokens.decode([4, 1, 2, 1, 1, 0, 3, 1]) == "a b"
    assert tokens.decode([]) == ""


@pytest.mark.parametrize(
    ("style", "text", "said"),
    [
        ("word", "amber walnut", "the word 'walnut' is not among the model's tokens"),
        ("word", "Amber", "another case: set 'tokens.case'"),
        ("word", "amber <blk>", "the word '<blk>' is not"),
        ("char", "amber 7up", "'7' of the word '7up' is not among the model's tokens"),
        ("char", "a|b", "'|' of the word 'a|b' is not"),
        ("char", "Zoo", "another case: set 'tokens.case'"),
    ],
)
def test_words_that_cannot_be_written_are_named(tmp_path: Path, style: str, text: str, said: str) -> None:
    write_tokens(tmp_path, WORDS if style == "word" else CHARS)
    tokens = load_tokens({"style": style}, tmp_path, where="model.toml")
    with pytest.raises(TokenError) as caught:
        tokens.encode(text)
    assert said in str(caught.value)


def test_case_and_composition_are_brought_to_the_tokens(tmp_path: Path) -> None:
    upper = vocabulary(tmp_path, "<blk>\n|\nA\n\u00c9\n", style="char", case="upper")
    assert upper.encode("e\u0301a a") == (3, 2, 1, 2)
    lower = vocabulary(tmp_path, "<blk>\nred\n", style="word", case="lower")
    assert lower.encode("RED Red") == (1, 1)


def test_a_model_without_spaces_writes_none(tmp_path: Path) -> None:
    tokens = vocabulary(tmp_path, "<blk>\na\nb\n", style="char", word_separator="")
    assert tokens.encode("a b") == (1, 2)
    assert tokens.decode([1, 2]) == "ab"


@pytest.mark.parametrize(
    ("text", "blank", "index", "size"),
    [
        ("a\n<blk>\n", None, 1, 2),
        ("a\nb\n<blank>\n", None, 2, 3),
        ("a\n<pad>\nb\n", None, 1, 3),
        ("a\n_\nb\n", "_", 1, 3),
        ("a\nb\n<blk>\n", 0, 0, 3),
        ("a\nb\n", 2, 2, 3),
    ],
)
def test_the_blank_is_a_token_an_index_or_one_past_the_end(
    tmp_path: Path, text: str, blank: object, index: int, size: int
) -> None:
    table = {"style": "word"} | ({} if blank is None else {"blank": blank})
    tokens = vocabulary(tmp_path, text, **table)
    assert (tokens.blank, tokens.size) == (index, size)
    assert tokens.decode([index]) == ""


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "missing key 'tokens.style'"),
        ({"style": "bpe"}, "'tokens.style' is 'bpe'; allowed: 'word' or 'char'"),
        ({"style": "word", "kind": "piece"}, "tokens.kind = 'piece' is unknown; allowed: 'lines'"),
        ({"style": "word", "blank": "_"}, "'tokens.blank': '_' is not in tokens.txt"),
        ({"style": "word", "blank": 4}, "'tokens.blank' is 4, but tokens.txt has 3 tokens"),
        ({"style": "word", "blank": -1}, "'tokens.blank' is -1, but should be greater"),
        ({"style": "word", "blank": True}, "'tokens.blank' is True, but should be a valid integer"),
        ({"style": "word", "word_separator": "|"}, "has no use in style"),
        ({"style": "char"}, "has neither a space nor '|'; set it"),
        ({"style": "char", "word_separator": "_"}, "'tokens.word_separator': '_' is not in tokens.txt"),
        ({"style": "word", "special": ["<s>"]}, "'tokens.special': '<s>' is not in tokens.txt"),
        ({"style": "word", "speical": []}, "unknown key 'tokens.speical'; did you mean 'special'?"),
        ({"style": "word", "file": "other.txt"}, "other.txt: the token file is missing"),
    ],
)
def test_wrong_token_tables_are_named(tmp_path: Path, table: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        vocabulary(tmp_path, "<blk>\na\nb\n", **table)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"), [("a\nb\n", "has none of <blk>"), ("<blk>\n<pad>\n", "has <blk> and <pad>; set")]
)
def test_a_blank_that_cannot_be_inferred_is_asked_for(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        vocabulary(tmp_path, text, style="word")
    assert said in str(caught.value)


# What a table of each kind needs beside its kind, and the file that it reads.
EXAMPLES = {"lines": ({"style": "word"}, "<blk>\nred\n")}


def test_every_kind_of_vocabulary_keeps_the_interface(tmp_path: Path) -> None:
    assert EXAMPLES.keys() == TOKEN_KINDS.keys()
    for kind, (table, text) in EXAMPLES.items():
        tokens = vocabulary(tmp_path, text, kind=kind, **table)
        assert isinstance(tokens, Tokens)
        assert json.loads(json.dumps(tokens.describe()))["kind"] == kind
        assert tokens.files == (tmp_path / "tokens.txt",)
        assert tokens.decode(tokens.encode("red red")) == "red red"
