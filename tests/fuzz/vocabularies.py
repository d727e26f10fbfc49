"""Small vocabularies of every kind, as their toolkits write them."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

TEXT = "amber birch cedar delta ember fjord grove hazel ivory jade amber birch amber birch cedar delta"


@cache
def tokenizer_json() -> bytes:
    """A byte-level BPE of the tokenizers library."""
    from tests.models.attention_builders import write_tokenizer_json

    with TemporaryDirectory() as folder:
        write_tokenizer_json(Path(folder))
        return (Path(folder) / "tokenizer.json").read_bytes()


def unigram_json() -> bytes:
    """A Unigram tokenizer, which names its unknown token by number."""
    vocabulary = [["<unk>", 0.0], ["\u2581", -1.0], *([letter, -2.0] for letter in "abcdefghij")]
    model = {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": False}
    parts = {"normalizer": None, "pre_tokenizer": None, "post_processor": None}
    decoder = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], **parts}
    return json.dumps({**whole, "decoder": decoder, "model": model}).encode()


@cache
def byte_bpe() -> dict[str, bytes]:
    """vocab.json, merges.txt and added_tokens.json."""
    from tests.models.attention_builders import write_vocab

    with TemporaryDirectory() as folder:
        write_vocab(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@cache
def base64_bpe() -> bytes:
    """tokens.txt of sherpa's Whisper."""
    from tests.models.attention_builders import net, sherpa_folder

    with TemporaryDirectory() as folder:
        sherpa_folder(Path(folder), net(0), prefix="")
        return (Path(folder) / "tokens.txt").read_bytes()


def moonshine_bin() -> bytes:
    """tokenizer.bin of Moonshine."""
    from tests.models.attention_builders import moonshine_bin as made

    return made()


@cache
def sentencepiece_model() -> bytes:
    """A BPE model of SentencePiece."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 20),
        model_writer=model,
        vocab_size=40,
        model_type="bpe",
        minloglevel=2,
    )
    return model.getvalue()


def pieces_of(model: bytes) -> bytes:
    """tokens.txt for a SentencePiece model."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    names = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    return "".join(f"{name} {index}\n" for index, name in enumerate([*names, "<blk>"])).encode()
