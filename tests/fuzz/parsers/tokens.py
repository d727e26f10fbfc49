"""Vocabularies of every kind: reading the file, then writing and reading a text in its tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from memaudit.models.tokens.guess import token_table
from memaudit.models.tokens.registry import TOKEN_KINDS, load_tokens
from tests.fuzz import vocabularies
from tests.fuzz.parser import Parser, Target, file_target

Make = Callable[[], Mapping[str, bytes]]

CHARS = ("<blk>", "|", *"abcdefghijklmnopqrstuvwxyz'")
WORDS = ("<blk>", "amber", "birch", "cedar", "delta", "ember", "fjord", "grove")
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


def _plainly(*seeds: bytes) -> Make:
    return lambda: {str(number): seed for number, seed in enumerate(seeds)}


def _pieces() -> dict[str, bytes]:
    model = vocabularies.sentencepiece_model()
    return {"bpe.model": model, "tokens.txt": vocabularies.pieces_of(model)}


def _parser(
    kind: str,
    name: str,
    seeds: Make,
    *,
    beside: Make = dict,
    cost: int = 1,
    **more: Any,
) -> Parser:
    """One file of a kind of vocabulary, mutated, from the seed of its name or else from all."""

    def prepare(folder: Path) -> Target:
        for other, data in beside().items():
            (folder / other).write_bytes(data)
        table, made = {"kind": kind, **more}, seeds()
        starts = [made[name]] if name in made else list(made.values())
        return file_target(folder / name, starts, lambda _: _use(table, folder))

    covers = (TOKEN_KINDS[kind].partition(":")[0], *_SHARED)
    return Parser(f"tokens, {kind} {name}", covers, prepare, (b"<unk>", b"<blk>", b"\xe2\x96\x81"), cost=cost)


def _guess(folder: Path) -> Target:
    seeds = [_LINES, _PLAIN, _pieces()["tokens.txt"]]

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
_BPE = vocabularies.byte_bpe
PARSERS = (
    _parser("lines", "tokens.txt", _plainly(_LINES), style="char"),
    _parser("phones", "phones.txt", _plainly(_PLAIN), file="phones.txt"),
    _parser("phones", "g2p.json", _plainly(_G2P), file="g2p.json", key="decoder", blank=0),
    _parser("vocab-json", "vocab.json", _plainly(_VOCAB, _LANGUAGES), language="eng"),
    _parser(
        "vocab-json",
        "added.json",
        _plainly(b'{"<x>": 6}'),
        beside=lambda: {"vocab.json": _VOCAB},
        added="added.json",
    ),
    _parser("pieces", "tokens.txt", _pieces, cost=2),
    _parser("pieces", "bpe.model", _pieces, beside=lambda: {"tokens.txt": _pieces()["tokens.txt"]}, cost=2),
    _parser(
        "pieces",
        "tokenizer.json",
        lambda: _plainly(vocabularies.unigram_json())(),
        beside=lambda: {"tokens.txt": "\n".join(["\u2581", *"abcdefghij", "<unk>", "<blk>"]).encode()},
    ),
    _parser("byte-bpe", "vocab.json", _BPE, beside=_BPE, cost=3),
    _parser("byte-bpe", "merges.txt", _BPE, beside=_BPE, cost=3),
    _parser("byte-bpe", "added_tokens.json", _BPE, beside=_BPE, cost=3),
    _parser(
        "tokenizer-json",
        "tokenizer.json",
        lambda: _plainly(vocabularies.tokenizer_json(), vocabularies.unigram_json())(),
    ),
    _parser("base64-bpe", "tokens.txt", lambda: _plainly(vocabularies.base64_bpe())(), cost=3),
    _parser("moonshine-bin", "tokenizer.bin", lambda: _plainly(vocabularies.moonshine_bin())(), cost=3),
    Parser("tokens, guessed", ("memaudit.models.tokens.guess", *_SHARED), _guess, (b"##a", b"<blk>"), cost=2),
)
