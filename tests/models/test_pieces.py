"""Word pieces: the model's own tokenizer, one rebuilt from the order of its pieces, and what is refused."""

from __future__ import annotations

import random
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizers import Tokenizer, models, pre_tokenizers

from memaudit.errors import MissingExtraError, ModelError, TokenError
from memaudit.models.tokens.base import Tokens, remarks
from memaudit.models.tokens.piece_vocabulary import PieceVocabulary, in_merge_order
from memaudit.models.tokens.pieces import find_tokenizer
from memaudit.models.tokens.registry import load_tokens
from tests.models.ctc_families import PIECES, write_symbols

WORDS: list[str] = Mnemonic("english").wordlist


def train(
    folder: Path, kind: str, *, size: int = 400, upper: bool = False, **options: Any
) -> tuple[str, ...]:
    """A SentencePiece model in ``folder``, trained as toolkits do; returns its pieces."""
    rng = random.Random(3)
    lines = [" ".join(rng.choices(WORDS, k=8)) for _ in range(600)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus").write_text("\n".join(line.upper() if upper else line for line in lines))
    SentencePieceTrainer.train(
        input=str(folder / "corpus"),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=size,
        model_type=kind,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    model = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    return tuple(model.id_to_piece(i) for i in range(model.get_piece_size()))


def vocabulary(folder: Path, symbols: tuple[str, ...], **table: Any) -> PieceVocabulary:
    folder.mkdir(parents=True, exist_ok=True)
    write_symbols(folder / "tokens.txt", symbols)
    loaded = load_tokens({"kind": "pieces", **table}, folder, where="model.toml")
    assert isinstance(loaded, PieceVocabulary)
    return loaded


@pytest.fixture(scope="module")
def bpe(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[PieceVocabulary, PieceVocabulary, SentencePieceProcessor]:
    """A BPE model of NeMo's kind: read with its tokenizer, rebuilt without it, and itself."""
    folder = tmp_path_factory.mktemp("bpe")
    symbols = (*train(folder, "bpe"), "<blk>")
    model = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    return vocabulary(folder, symbols), vocabulary(folder, symbols, tokenizer=""), model


spoken = st.lists(
    st.one_of(st.sampled_from(WORDS), st.text("abcdefghijklmnopqrstuvwy", min_size=1, max_size=9)),
    min_size=1,
    max_size=8,
).map(" ".join)


@given(text=spoken)
@settings(deadline=None)
def test_a_rebuilt_tokenizer_writes_as_the_trained_one(bpe, text: str) -> None:
    own, rebuilt, model = bpe
    expected = tuple(model.encode(text))
    assert own.encode(text) == expected
    assert rebuilt.encode(text) == expected
    assert own.decode(expected) == model.decode(list(expected)) == text


def test_what_was_inferred_is_told(bpe) -> None:
    own, rebuilt, _ = bpe
    assert own.describe()["tokenizer"] == "tokenizer.model"
    assert [path.name for path in own.files] == ["tokens.txt", "tokenizer.model"]
    assert rebuilt.describe()["tokenizer"] == "rebuilt BPE"
    assert [path.name for path in rebuilt.files] == ["tokens.txt"]
    told, doubts = remarks(rebuilt)
    assert "rebuilt from the order of its pieces" in told[0]
    assert doubts == ()
    assert own.size == rebuilt.size == 401
    assert own.blank == 400


def test_byte_pieces_write_and_read_what_has_no_piece(tmp_path: Path) -> None:
    symbols = (*train(tmp_path, "bpe", size=600, byte_fallback=True), "<blk>")
    own, rebuilt = vocabulary(tmp_path, symbols), vocabulary(tmp_path, symbols, tokenizer="")
    model = SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    for text in ("caf\u00e9 abandon", "\u8a9e w0rld", "\U0001f600"):
        expected = tuple(model.encode(text))
        assert own.encode(text) == rebuilt.encode(text) == expected
        assert own.decode(expected) == text
    half, space, letter = (symbols.index(piece) for piece in ("<0xE8>", "\u2581", "a"))
    assert own.decode([half, space, letter]) == "\ufffd a"


def test_a_unigram_model_needs_its_own_tokenizer(tmp_path: Path) -> None:
    symbols = (*train(tmp_path, "unigram"), "<blk>")
    own = vocabulary(tmp_path, symbols)
    model = SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    texts = [" ".join(WORDS[i : i + 5]) for i in range(0, 500, 5)]
    assert all(own.encode(text) == tuple(model.encode(text)) for text in texts)
    rebuilt = vocabulary(tmp_path, symbols, tokenizer="")
    assert any(rebuilt.encode(text) != own.encode(text) for text in texts)
    assert "not in the order of BPE training" in remarks(rebuilt)[1][0]
    assert remarks(own)[1] == ()


def test_a_model_in_capitals_is_given_capitals(tmp_path: Path) -> None:
    """icefall's LibriSpeech models: blank first, no lower case."""
    symbols = (
        "<blk>",
        "<sos/eos>",
        *(s for s in train(tmp_path, "bpe", upper=True) if s not in ("<s>", "</s>")),
    )
    tokens = vocabulary(tmp_path, symbols)
    assert tokens.case == "upper"
    assert tokens.encode("zebra Able") == tokens.encode("ZEBRA ABLE")
    assert tokens.decode(tokens.encode("zebra able")) == "ZEBRA ABLE"
    assert (tokens.blank, tokens.unknown) == (0, "<unk>")
    assert "upper case" in remarks(tokens)[0][0]
    kept = vocabulary(tmp_path, symbols, case="keep")
    with pytest.raises(TokenError, match=r"'zebra' cannot be written .*another case: set 'tokens.case'"):
        kept.encode("ZOO zebra")


def test_a_tokenizer_json_is_used_where_there_is_no_sentencepiece_model(tmp_path: Path) -> None:
    pieces = ["<unk>", "\u2581", *"abcd", "ab", "\u2581ab", "cd"]
    merges = [("a", "b"), ("\u2581", "ab"), ("c", "d")]
    model = models.BPE(vocab={s: i for i, s in enumerate(pieces)}, merges=merges, unk_token=pieces[0])
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokens = vocabulary(tmp_path, (*pieces, "<blk>"))
    assert tokens.encode("ab cdab") == (7, 1, 8, 6)
    assert tokens.decode((7, 1, 8, 6)) == "ab cdab"
    with pytest.raises(TokenError, match="the word 'abz' cannot be written"):
        tokens.encode("ab abz")
    model.unk_token = None
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(TokenError, match="the word 'abz' cannot be written"):
        vocabulary(tmp_path, (*pieces, "<blk>")).encode("ab abz")


def test_text_is_composed_before_it_is_written(bpe) -> None:
    own, rebuilt, _ = bpe
    wide = "\uff41\uff42\uff4c\uff45  zoo"
    assert unicodedata.normalize("NFKC", wide) == "able  zoo"
    assert own.encode(wide) == rebuilt.encode(wide) == own.encode("able zoo")
    assert own.encode("") == rebuilt.encode(" ") == ()


@pytest.mark.parametrize("which", [0, 1])
def test_words_that_cannot_be_written_are_named(bpe, which: int) -> None:
    with pytest.raises(TokenError) as caught:
        bpe[which].encode("able w0rld zoo")
    assert "the word 'w0rld' cannot be written in the model's pieces" in str(caught.value)
    for special in ("<blk>", "<s>", "<unk>"):
        with pytest.raises(TokenError, match="cannot be written"):
            bpe[which].encode(special)


def test_blank_and_special_pieces_write_nothing_and_unknown_itself(tmp_path: Path) -> None:
    tokens = vocabulary(tmp_path, ("<unk>", "<s>", *PIECES, "<blk>"))
    assert tokens.decode([0, 1, tokens.size - 1, 2, 3]) == "<unk> a b"
    assert vocabulary(tmp_path, ("<unk>", "<s>", *PIECES, "<blk>"), special=[]).decode([1]) == "<s>"


@pytest.mark.parametrize(
    ("blank", "index", "size"),
    [(None, 22, 23), ("<blk>", 22, 23), (22, 22, 23), (23, 23, 24), (False, None, 23)],
)
def test_the_blank_of_pieces(tmp_path: Path, blank: object, index: int | None, size: int) -> None:
    table = {} if blank is None else {"blank": blank}
    tokens = vocabulary(tmp_path, ("<unk>", *PIECES, "<blk>"), **table)
    assert (tokens.blank, tokens.size) == (index, size)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"tokenizer": "other.model"}, "other.model: the tokenizer file is missing"),
        ({"tokenizer": "tokens.txt"}, "tokens.txt: no SentencePiece model"),
        ({"tokenizer": "broken.json"}, "broken.json: no tokenizer"),
        ({"special": ["<x>"]}, "'tokens.special': '<x>' is not in tokens.txt"),
        ({"unknown": "<x>"}, "'tokens.unknown': '<x>' is not in tokens.txt"),
        ({"blank": "<x>"}, "'tokens.blank': '<x>' is not in tokens.txt"),
        ({"blank": True}, "'tokens.blank' is True"),
        ({"case": "title"}, "'tokens.case' is 'title'"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, table: dict[str, Any], said: str) -> None:
    (tmp_path / "broken.json").write_text('{"version": "9"}')
    with pytest.raises(ModelError) as caught:
        vocabulary(tmp_path, ("<unk>", *PIECES, "<blk>"), **table)
    assert said in str(caught.value)


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    train(tmp_path, "bpe")
    with pytest.raises(ModelError, match=r"tokenizer.model writes \d+ pieces that tokens.txt lacks, such as"):
        vocabulary(tmp_path, ("<unk>", *PIECES, "<blk>"))


def test_tokenizers_beside_the_pieces_are_found(tmp_path: Path) -> None:
    assert find_tokenizer(tmp_path) is None
    (tmp_path / "tokenizer.json").touch()
    assert find_tokenizer(tmp_path) == tmp_path / "tokenizer.json"
    (tmp_path / "0a1b_spe.model").touch()
    assert find_tokenizer(tmp_path) == tmp_path / "0a1b_spe.model"
    (tmp_path / "other.model").touch()
    with pytest.raises(ModelError, match=r"0a1b_spe.model, other.model could each be the tokenizer"):
        find_tokenizer(tmp_path)
    (tmp_path / "bpe.model").touch()
    assert find_tokenizer(tmp_path) == tmp_path / "bpe.model"


@pytest.mark.parametrize("package", ["sentencepiece", "tokenizers"])
def test_a_missing_library_is_an_extra_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "x.json").write_text("{}")
    table = {"tokenizer": "x.json" if package == "tokenizers" else ""}
    with pytest.raises(MissingExtraError, match=r"pip install 'memaudit-asr\[tokenizers\]'"):
        vocabulary(tmp_path, ("<unk>", *PIECES, "<blk>"), **table)


def test_merge_order(bpe) -> None:
    own, _, _ = bpe
    assert in_merge_order([s for s in own.symbols if not s.startswith("<")])
    assert not in_merge_order(["\u2581a", "b", "in"])
    assert in_merge_order(["in", "\u2581a"])


def test_the_interface(bpe) -> None:
    assert isinstance(bpe[0], Tokens)
