"""Token files, and text to indices and back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import ModelError, TokenError
from memaudit.models.tokens.base import Tokens, remarks
from memaudit.models.tokens.files import read_symbols
from memaudit.models.tokens.guess import token_table
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
        ({"style": "word", "kind": "piece"}, "tokens.kind = 'piece' is unknown; allowed: "),
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


# What a table of each kind needs beside its kind, and the file that it reads; kinds of sub-words are tested
# with their own files.
EXAMPLES = {
    "lines": ({"style": "word"}, "<blk>\nred\n", "red red"),
    "phones": ({"file": "tokens.txt"}, "<blk>\na\nb\n", "a b"),
    "pieces": ({}, "<blk>\nre\n\u2581re\n\u2581red\n\u2581\nr\ne\nd\n", "red red"),
    "vocab-json": ({"file": "tokens.txt"}, '{"<pad>": 0, "|": 1, "r": 2, "e": 3, "d": 4}', "red red"),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_vocabulary_keeps_the_interface(tmp_path: Path, kind: str) -> None:
    table, text, spoken = EXAMPLES[kind]
    (tmp_path / "tokens.txt").write_text(text, encoding="utf-8")
    assert kind in TOKEN_KINDS
    tokens = load_tokens({"kind": kind, **table}, tmp_path, where="model.toml")
    assert isinstance(tokens, Tokens)
    described = json.loads(json.dumps(tokens.describe()))
    assert (described["kind"], described["size"], described["blank"]) == (kind, tokens.size, tokens.blank)
    assert tokens.blank == 0
    assert tokens.files == (tmp_path / "tokens.txt",)
    indices = tokens.encode(spoken)
    assert 0 not in indices
    assert max(indices) < tokens.size
    assert tokens.decode(indices) == tokens.decode([0, *indices, 0]) == spoken
    assert tokens.encode("") == ()


def table_of(folder: Path, symbols: str, size: int | None = None) -> tuple[dict[str, object], str]:
    (folder / "tokens.txt").write_text(symbols, encoding="utf-8")
    table, told = token_table(folder, "tokens.txt", size=size)
    return table, "; ".join(told)


@pytest.mark.parametrize(
    ("symbols", "size", "expected", "said"),
    [
        (
            "<blk>\n|\nA\nB\n",
            None,
            {"kind": "lines", "style": "char", "word_separator": "|", "blank": "<blk>", "case": "upper"},
            "in upper case",
        ),
        (
            "  0\na 1\n<blk> 2\n",
            None,
            {"style": "char", "word_separator": " ", "blank": "<blk>"},
            "parted by ' '",
        ),
        ("\u2581\na\n<blk>\n", None, {"style": "char", "word_separator": "\u2581"}, "characters"),
        (
            "<blank>\n<unk>\n\u4e00\n\u4e8c\n<sos/eos>\n",
            None,
            {"style": "char", "word_separator": "", "special": ["<sos/eos>"], "case": "keep"},
            "without a token between words",
        ),
        ("<blk>\nred\nBlue\n", None, {"kind": "lines", "style": "word", "case": "keep"}, "are words"),
        ("a\nb\n \n", 4, {"blank": 3}, "the last one is the blank"),
        (
            "<unk>\n<s>\n\u2581a\nb\n<blk>\n",
            None,
            {"kind": "pieces", "tokenizer": "", "special": ["<s>"]},
            "lower",
        ),
    ],
)
def test_a_table_is_written_for_a_bare_token_file(
    tmp_path: Path, symbols: str, size: int | None, expected: dict[str, object], said: str
) -> None:
    table, told = table_of(tmp_path, symbols, size)
    assert expected.items() <= table.items()
    assert said in told
    loaded = load_tokens(table, tmp_path, where="model.toml")
    assert loaded.size == (size or len(symbols.strip("\n").split("\n")))


def test_a_token_file_without_a_blank_needs_the_size_of_the_scores(tmp_path: Path) -> None:
    table, _ = table_of(tmp_path, "a\nb\n \n")
    with pytest.raises(ModelError, match=r"'tokens\.blank' is not given and tokens\.txt has none of"):
        load_tokens(table, tmp_path, where="model.toml")


def test_word_pieces_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds WordPiece tokens"):
        table_of(tmp_path, "a\nb\n##ab\n<blk>\n")


def phones(folder: Path, value: object, **table: object) -> Tokens:
    (folder / "g2p.json").write_text(json.dumps(value))
    whole = {
        "kind": "phones",
        "file": "g2p.json",
        "key": "decoder",
        "appended": ["<wb>", "<blank>"],
        "blank": "<blank>",
    }
    return load_tokens(
        {**whole, "word_break": "<wb>", "special": ["<pad>"], **table}, folder, where="model.toml"
    )


def test_phones_are_a_space_apart_and_words_parted(tmp_path: Path) -> None:
    tokens = phones(tmp_path, {"decoder": ["<pad>", "a", "d\u0361\u0292", "\u00e3"]})
    assert (tokens.size, tokens.blank) == (6, 5)
    text = "a d\u0361\u0292 | \u00e3"
    assert tokens.encode(text) == (1, 2, 4, 3)
    assert tokens.encode("| a  d\u0361\u0292||a\u0303 |") == (1, 2, 4, 3)
    assert tokens.decode([4, 1, 0, 2, 4, 4, 5, 3, 4]) == text
    for wrong in ("ad", "a <pad>", "a <wb> a", "hello"):
        with pytest.raises(
            TokenError, match=r"is no phone of the model; references are phones a space apart"
        ):
            tokens.encode(wrong)


@pytest.mark.parametrize(
    ("value", "table", "said"),
    [
        ({"encoder": ["a"]}, {}, "the key 'decoder' holds no list of phones"),
        ({"decoder": []}, {}, "holds no list of phones"),
        ({"decoder": ["a", 1]}, {}, "holds no list of phones"),
        (["a"], {}, "not a JSON object"),
        ({"decoder": ["<pad>", "a", "a"]}, {}, "the token 'a' is there twice"),
        ({"decoder": ["a"]}, {}, "'tokens.special': '<pad>' is not in g2p.json"),
        ({"decoder": ["<pad>"]}, {"word_break": "#"}, "'tokens.word_break': '#' is not in g2p.json"),
        ({"decoder": ["<pad>"]}, {"appended": []}, "'tokens.word_break': '<wb>' is not in g2p.json"),
    ],
)
def test_wrong_phone_files_are_named(
    tmp_path: Path, value: object, table: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelError) as caught:
        phones(tmp_path, value, **table)
    assert said in str(caught.value)


def test_phones_without_a_word_break_run_on(tmp_path: Path) -> None:
    tokens = phones(tmp_path, {"decoder": ["<pad>", "a", "b"]}, word_break="", appended=["<blank>"])
    assert tokens.encode("a | b") == (1, 2)
    assert tokens.decode([1, 3, 2]) == "a b"


def characters(folder: Path, value: object, **table: object) -> Tokens:
    (folder / "vocab.json").write_text(json.dumps(value))
    return load_tokens({"kind": "vocab-json", **table}, folder, where="model.toml")


VOCAB = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "A": 5, "\u00c9": 6}


def test_characters_of_a_vocab_json(tmp_path: Path) -> None:
    tokens = characters(tmp_path, VOCAB)
    assert tokens.encode("a e\u0301a") == (5, 4, 6, 5)
    assert tokens.decode([4, 1, 5, 0, 3, 2, 4, 4, 6]) == "A<unk> \u00c9"
    assert remarks(tokens) == (("the tokens are in upper case, so references are put into it",), ())
    for wrong, letter in (("ab", "B"), ("a|a", "|"), ("a<unk>", "<")):
        with pytest.raises(TokenError, match=re.escape(f"'{letter}' of the word")):
            tokens.encode(wrong)


def test_indices_without_a_token_and_added_ones(tmp_path: Path) -> None:
    (tmp_path / "added_tokens.json").write_text('{"<mask>": 8}')
    tokens = characters(tmp_path, VOCAB, added="added_tokens.json", size=11, special=["<mask>"])
    assert tokens.size == 11
    assert [path.name for path in tokens.files] == ["vocab.json", "added_tokens.json"]
    assert tokens.decode([5, 7, 8, 9, 10]) == "A"
    assert tokens.decode([1]) == "<s>"


@pytest.mark.parametrize(
    ("value", "table", "said"),
    [
        ({}, {}, "is no object of tokens and their indices"),
        ({"a": "b"}, {}, "gives the token 'a' the index 'b'"),
        ({"a": -1}, {}, "gives the token 'a' the index -1"),
        ({"a": True}, {}, "gives the token 'a' the index True"),
        ({"a": 1, "b": 1, "<pad>": 0, "|": 2}, {}, "gives the index 1 to 'a' and 'b'"),
        ({"a": 0}, {"word_separator": ""}, "has none of <blk>"),
        ({"a": 0, "<pad>": 1}, {}, "'tokens.word_separator': '|' is not in vocab.json"),
        (VOCAB, {"special": ["x"]}, "'tokens.special': 'x' is not in vocab.json"),
        (VOCAB, {"unknown": "x"}, "'tokens.unknown': 'x' is not in vocab.json"),
        (VOCAB, {"blank": "x"}, "'tokens.blank': 'x' is not in vocab.json"),
        (VOCAB, {"added": "none.json"}, "none.json: the token file is missing"),
        ({"eng": VOCAB}, {"language": "deu"}, "none for 'deu'; set 'tokens.language' to one of: eng"),
    ],
)
def test_wrong_vocab_json_is_named(
    tmp_path: Path, value: object, table: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelError) as caught:
        characters(tmp_path, value, **table)
    assert said in str(caught.value)
