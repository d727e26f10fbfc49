"""Vocabularies of every kind: reading the file, then writing and reading a text in its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memaudit.models.tokens.guess import token_table
from memaudit.models.tokens.registry import TOKEN_KINDS, load_tokens
from tests.fuzz import vocabularies
from tests.fuzz.parser import Parser, Target, file_target
from tests.models.builders import CHARS, WORDS

_LINES = "".join(f"{symbol} {index}\n" for index, symbol in enumerate(CHARS)).encode()
_PLAIN = "\n".join(WORDS).encode()
_VOCAB = b'{"<pad>": 0, "<unk>": 1, "|": 2, "a": 3, "b": 4, "<s>": 5}'
_LANGUAGES = b'{"eng": {"<pad>": 0, "a": 1}, "fra": {"<pad>": 0, "b": 1}}'
_G2P = b'{"encoder": ["a"], "decoder": ["<pad>", "<sos>", "<eos>", " ", "a", "b"]}'


def _use(table: Mapping[str, Any], folder: Path) -> None:
    tokens = load_tokens(table, folder, where="model.toml")
    tokens.describe()
    indices = tokens.encode("amber birch")
    tokens.decode([*indices, 0, tokens.size - 1])


def _parser(
    kind: str,
    name: str,
    seeds: tuple[bytes, ...],
    *,
    beside: Mapping[str, bytes] | None = None,
    cost: int = 1,
    **more: Any,
) -> Parser:
    def prepare(folder: Path) -> Target:
        for other, data in (beside or {}).items():
            (folder / other).write_bytes(data)
        table = {"kind": kind, **more}
        return file_target(folder / name, list(seeds), lambda _: _use(table, folder))

    covers = (TOKEN_KINDS[kind].partition(":")[0], *_SHARED)
    return Parser(f"tokens, {kind} {name}", covers, prepare, (b"<unk>", b"<blk>", b"\xe2\x96\x81"), cost=cost)


def _guess(folder: Path) -> Target:
    model = vocabularies.sentencepiece_model()
    seeds = [_LINES, _PLAIN, vocabularies.pieces_of(model)]

    def read(_: Path) -> None:
        table, _told = token_table(folder, "tokens.txt", size=20)
        _use(table, folder)

    return file_target(folder / "tokens.txt", seeds, read)


_SHARED = (
    "memaudit.models.tokens.files",
    "memaudit.models.tokens.text_files",
    "memaudit.models.tokens.piece_encoders",
    "memaudit.models.tokens.tokenizers_codec",
)
_BPE = vocabularies.byte_bpe()
_MODEL = vocabularies.sentencepiece_model()
_PIECES = vocabularies.pieces_of(_MODEL)
PARSERS = (
    _parser("lines", "tokens.txt", (_LINES,), style="char"),
    _parser("phones", "phones.txt", (_PLAIN,), file="phones.txt"),
    _parser("phones", "g2p.json", (_G2P,), file="g2p.json", key="decoder", blank=0),
    _parser("vocab-json", "vocab.json", (_VOCAB, _LANGUAGES), language="eng"),
    _parser("vocab-json", "added.json", (b'{"<x>": 6}',), beside={"vocab.json": _VOCAB}, added="added.json"),
    _parser("pieces", "tokens.txt", (_PIECES,), cost=2),
    _parser("pieces", "bpe.model", (_MODEL,), beside={"tokens.txt": _PIECES}, cost=2),
    _parser(
        "pieces",
        "tokenizer.json",
        (vocabularies.unigram_json(),),
        beside={"tokens.txt": b"\xe2\x96\x81\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n<unk>\n<blk>\n"},
    ),
    _parser("byte-bpe", "vocab.json", (_BPE["vocab.json"],), beside=_BPE, cost=3),
    _parser("byte-bpe", "merges.txt", (_BPE["merges.txt"],), beside=_BPE, cost=3),
    _parser("byte-bpe", "added_tokens.json", (_BPE["added_tokens.json"],), beside=_BPE, cost=3),
    _parser("tokenizer-json", "tokenizer.json", (vocabularies.tokenizer_json(), vocabularies.unigram_json())),
    _parser("base64-bpe", "tokens.txt", (vocabularies.base64_bpe(),), cost=3),
    _parser("moonshine-bin", "tokenizer.bin", (vocabularies.moonshine_bin(),), cost=3),
    Parser("tokens, guessed", ("memaudit.models.tokens.guess", *_SHARED), _guess, (b"##a", b"<blk>"), cost=2),
)
