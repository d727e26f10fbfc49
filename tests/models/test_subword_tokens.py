"""Vocabularies of sub-words: every file format gives the indices that the library of its project gives."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers

from memaudit.errors import MissingExtraError, ModelError, TokenError
from memaudit.models.tokens.registry import load_tokens
from memaudit.models.tokens.subwords import SubwordVocabulary
from tests.models.attention_builders import (
    MOONSHINE_PIECES,
    moonshine_bin,
    net,
    sherpa_folder,
    special_tokens,
    token_bytes,
    trained_tokens,
    write_tokenizer_json,
    write_vocab,
)

TABLES: dict[str, dict[str, Any]] = {
    "byte-bpe": {"kind": "byte-bpe"},
    "tokenizer-json": {"kind": "tokenizer-json"},
    "base64-bpe": {"kind": "base64-bpe", "file": "tiny-tokens.txt", "special": special_tokens()},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = sherpa_folder(tmp_path_factory.mktemp("tokens"), net())
    write_vocab(path)
    write_tokenizer_json(path)
    (path / "tokenizer.bin").write_bytes(moonshine_bin())
    return path


def load(folder: Path, table: Mapping[str, Any]) -> SubwordVocabulary:
    tokens = load_tokens(table, folder, where="model.toml")
    assert isinstance(tokens, SubwordVocabulary)
    return tokens


WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Zs", "Cc"]), min_size=1), max_size=5
)


@settings(max_examples=150, deadline=None)
@given(WORDS)
def test_byte_level_vocabularies_write_and_read_every_text(folder: Path, words: list[str]) -> None:
    """As tiktoken, given the same ranks, writes it."""
    text = " ".join(" ".join(words).split())
    ranks = {token: rank for rank, token in enumerate(token_bytes())}
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    library = tiktoken.Encoding("test", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    for space in (False, True):
        for table in TABLES.values():
            tokens = load(folder, {**table, "leading_space": space})
            indices = tokens.encode(text)
            read = tokens.decode(indices)
            written = library.decode(list(indices)).removeprefix(" ")
            assert read == written
            expected = library.encode_ordinary(" " * (space and bool(written)) + written)
            assert list(indices) == expected


@pytest.mark.parametrize("kind", TABLES)
def test_special_tokens_have_names_and_write_nothing(folder: Path, kind: str) -> None:
    tokens = load(folder, TABLES[kind])
    assert (tokens.size, tokens.blank, tokens.leading_space) == (307, None, None)
    for name, index in special_tokens().items():
        assert tokens.index(name) == index
        assert tokens.codec.name(index) == name
        assert index in tokens.silent
    assert tokens.index("<|xx|>") is None
    amber = tokens.encode("amber")
    assert tokens.decode([301, 302, *amber, 300, 306, 5000]) == "amber"
    # A text that looks like a special token is text.
    assert not tokens.silent & set(tokens.encode("<|endoftext|>"))
    assert tokens.encode("  ") == ()
    assert tokens.describe()["special"] == len(special_tokens())


@pytest.mark.parametrize("kind", TABLES)
def test_case_and_spaces_are_brought_to_the_models(folder: Path, kind: str) -> None:
    tokens = load(folder, {**TABLES[kind], "case": "lower"})
    assert tokens.encode(" AMBER \t Birch\n") == tokens.encode("amber birch")
    upper = load(folder, {**TABLES[kind], "case": "upper"})
    assert upper.decode(upper.encode("amber")) == "AMBER"
    assert tokens.with_leading_space(value=True).encode("amber") != tokens.encode("amber")


def test_first_pieces_are_those_that_may_begin_a_text(folder: Path) -> None:
    for table in TABLES.values():
        spaced, bare = load(folder, table).first_pieces()
        assert all(token_bytes()[i].startswith(b" ") and len(token_bytes()[i]) > 1 for i in spaced)
        assert {token_bytes().index(b"a"), token_bytes().index(b"7")} <= set(bare)
        assert not set(bare) & set(spaced)


def moonshine_json(folder: Path) -> Tokenizer:
    """The vocabulary of `moonshine_bin` as the tokenizers library is told of it, each merge by itself."""
    names = [
        "<unk>",
        "<s>",
        "</s>",
        *(f"<0x{i:02X}>" for i in range(256)),
        *MOONSHINE_PIECES,
        "x<>",
        "<<ST_0>>",
    ]
    vocab = {name: i for i, name in enumerate(names)}
    order = ["▁ a", "i n", "e r", "▁th e", "▁a m", "▁am b", "▁amb er"]
    merges = [tuple(pair.split(" ")) for pair in order]
    merges += [("o", "n"), ("▁", "b"), ("i", "r"), ("c", "h"), ("▁b", "ir"), ("▁bir", "ch")]
    model = models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)  # noqa: S106
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<<ST_0>>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def test_moonshines_pieces_are_merged_as_the_library_merges_them(folder: Path, tmp_path: Path) -> None:
    library = moonshine_json(tmp_path)
    binary = load(folder, {"kind": "moonshine-bin"})
    whole = load(tmp_path, {"kind": "tokenizer-json"})
    assert binary.size == whole.size == library.get_vocab_size()
    for text in ("amber birch on in", "ambin birer", "Café \u200b\u200b 日本", "x", "amber's bit"):
        expected = library.encode(text, add_special_tokens=False).ids
        assert list(binary.encode(text)) == list(whole.encode(text)) == expected
        assert binary.decode(expected) == whole.decode(expected) == text == library.decode(expected)
    assert binary.decode([1, *binary.encode("amber"), 2, binary.size - 1]) == "amber"
    assert len(binary.encode("amber birch")) == 2


def test_a_piece_of_128_bytes_and_more_has_two_bytes_of_length(folder: Path) -> None:
    tokens = load(folder, {"kind": "moonshine-bin"})
    long = next(i for i in range(tokens.size) if len(tokens.codec.symbol(i) or "") == 60)
    assert tokens.decode([long]) == "\u200b" * 60


def test_texts_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    vocab = {"[UNK]": 0, "a": 1, "m": 2, "b": 3, "e": 4, "r": 5, "▁": 6, "é": 7}
    for unknown in ("[UNK]", None):
        model = models.BPE(vocab=vocab, merges=[], **({} if unknown is None else {"unk_token": unknown}))
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        tokens = load(tmp_path, {"kind": "tokenizer-json"})
        assert tokens.encode("amber e\u0301") == (1, 2, 3, 4, 5, 6, 7)
        with pytest.raises(
            TokenError, match=r"tokenizer\.json: the word 'birch' cannot be written"
        ) as caught:
            tokens.encode("amber birch amber")
        assert "texts of the kit" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "name", "content", "complaint"),
    [
        ({"kind": "byte-bpe"}, "vocab.json", b"[1]", r"vocab\.json: the token file is not a JSON object"),
        ({"kind": "byte-bpe"}, "vocab.json", b'{"a": "b"}', r"the index of 'a' is 'b', no whole number"),
        ({"kind": "byte-bpe"}, "vocab.json", b'{"a": ', r"vocab\.json: the token file is no JSON"),
        ({"kind": "byte-bpe"}, "vocab.json", b"\xff\xfe\xfa", r"vocab\.json: the token file is not UTF-8"),
        ({"kind": "byte-bpe"}, "merges.txt", b"a b c\n", r"merges\.txt: line 1, 'a b c', is not two tokens"),
        ({"kind": "byte-bpe"}, "merges.txt", b"\nq z\n", r"merges q and z, which are not all in vocab\.json"),
        ({"kind": "byte-bpe"}, "added_tokens.json", b'{"<|x|>": 5}', "two tokens have one index"),
        (
            {"kind": "byte-bpe"},
            "merges.txt",
            None,
            r"missing; put it there, or mend \[tokens\] of model\.toml",
        ),
        ({"kind": "tokenizer-json"}, "tokenizer.json", b"{}", r"tokenizer\.json: is no tokenizer"),
        ({"kind": "tokenizer-json"}, "tokenizer.json", None, "the token file is missing"),
        (TABLES["base64-bpe"], "tiny-tokens.txt", b"YQ== x\n", "line 1, 'YQ== x', is not 'base64 rank'"),
        (TABLES["base64-bpe"], "tiny-tokens.txt", b"YQ\n", "line 1, 'YQ', is not 'base64 rank'"),
        (TABLES["base64-bpe"], "tiny-tokens.txt", b"YQ== 0\nYQ== 1\n", "line 2, .* has a token twice"),
        (TABLES["base64-bpe"], "tiny-tokens.txt", b"YQ== 0\nYg== 0\n", "or two with one rank"),
        (TABLES["base64-bpe"], "tiny-tokens.txt", b"YQ== 0\n", "has no token for the byte 0x00"),
        (
            {"kind": "moonshine-bin"},
            "tokenizer.bin",
            b"\x05<unk>",
            "does not start with <unk>, <s>, </s> and",
        ),
        ({"kind": "moonshine-bin"}, "tokenizer.bin", b"\x05<un", "ends in the middle of a piece"),
        ({"kind": "moonshine-bin"}, "tokenizer.bin", b"", "does not start with"),
        ({"kind": "moonshine-bin"}, "tokenizer.bin", moonshine_bin() + b"\x02er", "has a piece twice"),
    ],
)
def test_files_that_are_none_are_named(
    folder: Path, tmp_path: Path, table: dict[str, Any], name: str, content: bytes | None, complaint: str
) -> None:
    for path in folder.iterdir():
        if path.suffix in (".json", ".txt", ".bin") and path.name != name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=complaint):
        load(tmp_path, table)


def test_an_empty_token_of_the_published_vocabulary_is_silent(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "tiny-tokens.txt").read_text() + "= 300\n"
    (tmp_path / "tokens.txt").write_text(lines)
    tokens = load(tmp_path, {"kind": "base64-bpe"})
    assert (tokens.size, tokens.silent) == (301, {300})
    assert tokens.decode([*tokens.encode("amber"), 300]) == "amber"


@pytest.mark.parametrize(("kind", "module"), [(k, "tokenizers") for k in ("byte-bpe", "tokenizer-json")])
def test_the_extra_is_named_where_its_library_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"'{kind}' needs .*memaudit-asr\[tokenizers\]"):
        load(folder, TABLES[kind])


def test_so_is_that_of_ranks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(MissingExtraError, match=r"'base64-bpe' needs .*memaudit-asr\[tokenizers\]"):
        load(folder, TABLES["base64-bpe"])


def test_files_are_those_that_were_read(folder: Path) -> None:
    names = {kind: [path.name for path in load(folder, table).files] for kind, table in TABLES.items()}
    assert names == {
        "byte-bpe": ["vocab.json", "merges.txt", "added_tokens.json"],
        "tokenizer-json": ["tokenizer.json"],
        "base64-bpe": ["tiny-tokens.txt"],
    }
    assert base64.b64decode((folder / "tiny-tokens.txt").read_text().split()[0]) == token_bytes()[0]
    assert json.loads((folder / "vocab.json").read_text()) == trained_tokens()[0]
