"""Folders of encoder/decoder models with random weights, written as each project writes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import onnx
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.models.attention_graphs import (
    POSITIONS,
    DecoderKind,
    Net,
    hf_decoder,
    merged_decoder,
    moonshine_encoder,
    sherpa_decoder,
    sherpa_encoder,
    whisper_encoder,
)

SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|fr|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|notimestamps|>",
)
TEXTS = (
    "amber birch cedar delta ember",
    "the cold river and the maple tree",
    "Fjord, grove: heron's inlet 42",
)


@cache
def trained_tokens() -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """A byte-level BPE vocabulary of 300 tokens and its merges, the 256 bytes first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=1,
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return tokenizer.get_vocab(), tuple((left, right) for left, right in merges)


def special_tokens() -> dict[str, int]:
    """The special tokens after the 300 others, as Whisper numbers them."""
    return {name: len(trained_tokens()[0]) + i for i, name in enumerate(SPECIAL)}


SIZE = 300 + len(SPECIAL)


def net(
    seed: int = 0,
    *,
    mels: int = 80,
    vocabulary: int = SIZE,
    end: int = 300,
    end_bias: float = 3.0,
    never: Sequence[int] = (),
) -> Net:
    """Weights of a network; ``end_bias`` makes the end-of-text token ``end`` as likely as texts are long."""
    return Net(mels, vocabulary, seed, end, end_bias, tuple(never))


def unreadable() -> list[int]:
    """The tokens that are no printable ASCII by themselves, and the special ones but the end of text."""
    texts = [token.decode("latin-1") for token in token_bytes()]
    return [i for i, text in enumerate(texts) if not (text.isascii() and text.isprintable())] + [
        *range(301, SIZE)
    ]


def write_vocab(folder: Path) -> None:
    """vocab.json, merges.txt and added_tokens.json."""
    vocab, merges = trained_tokens()
    (folder / "vocab.json").write_text(json.dumps(vocab))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    (folder / "added_tokens.json").write_text(json.dumps(special_tokens()))


def write_tokenizer_json(folder: Path) -> None:
    vocab, merges = trained_tokens()
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))


def save(graphs: Mapping[str, onnx.ModelProto], folder: Path) -> None:
    for name, graph in graphs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(graph, path)


def whisper_folder(
    folder: Path,
    weights: Net,
    *,
    export: str = "merged",
    under: str = "",
    cache_position: bool = False,
    config: Mapping[str, Any] | None = None,
    generation: Mapping[str, Any] | None = None,
) -> Path:
    """An export of Hugging Face Whisper.

    Args:
        folder: where.
        weights: of the network.
        export: "merged", "with_past", "plain" (gives a cache that nothing takes) or "no_cache".
        under: "onnx/" where the graphs lie in a folder of their own.
        cache_position: whether the decoders take it.
        config: further keys of config.json.
        generation: generation_config.json, not written where None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {f"{under}encoder_model.onnx": whisper_encoder(weights)}
    if export == "merged":
        graphs[f"{under}decoder_model_merged.onnx"] = merged_decoder(weights, cache_position=cache_position)
    else:
        kind = DecoderKind(present=export != "no_cache", cache_position=cache_position)
        graphs[f"{under}decoder_model.onnx"] = hf_decoder(weights, kind)
    if export == "with_past":
        kind = DecoderKind(past=True, cache_position=cache_position)
        graphs[f"{under}decoder_with_past_model.onnx"] = hf_decoder(weights, kind)
    save(graphs, folder)
    write_vocab(folder)
    values = {"model_type": "whisper", "num_mel_bins": weights.mels, "max_target_positions": POSITIONS}
    (folder / "config.json").write_text(json.dumps({**values, **(config or {})}))
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation))
    return folder


# In the order of their merges, then the letters, as SentencePiece numbers them.
_MERGED = ("▁a", "in", "er", "▁the", "▁am", "▁amb", "▁amber", "on", "▁b", "ir", "ch", "▁bir", "▁birch")
_LETTERS = ("▁", *"abcdefghijklmnopqrstuvwxyz'", "é", "\u200b" * 60)
MOONSHINE_PIECES = (*_MERGED[:3], "▁th", *_MERGED[3:], *_LETTERS)


def moonshine_bin() -> bytes:
    """tokenizer.bin: <unk>, <s>, </s>, the 256 bytes, the pieces, one without bytes, a special token."""
    pieces = [b"<unk>", b"<s>", b"</s>", *(bytes([i]) for i in range(256))]
    pieces += [piece.encode() for piece in MOONSHINE_PIECES]
    pieces += [b"", b"<<ST_0>>"]
    written = b""
    for piece in pieces:
        count = len(piece)
        written += (bytes([count]) if count < 128 else bytes([128 + count % 128, count // 128])) + piece
    return written


MOONSHINE_SIZE = 259 + len(MOONSHINE_PIECES) + 2


def moonshine_folder(folder: Path, seed: int = 0) -> Path:
    """Moonshine as its own project ships it."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = net(seed, vocabulary=MOONSHINE_SIZE, end=2)
    save(
        {
            "encoder_model.onnx": moonshine_encoder(weights),
            "decoder_model_merged.onnx": merged_decoder(weights, mask=True),
        },
        folder,
    )
    (folder / "tokenizer.bin").write_bytes(moonshine_bin())
    return folder


def sherpa_metadata(weights: Net, *, multilingual: bool = True) -> dict[str, str]:
    """What sherpa's export script writes into the encoder."""
    special = special_tokens()
    start = special["<|startoftranscript|>"]
    sequence = [start, special["<|en|>"], special["<|transcribe|>"]] if multilingual else [start]
    return {
        "model_type": "whisper-tiny",
        "version": "1",
        "maintainer": "k2-fsa",
        "n_mels": str(weights.mels),
        "n_audio_ctx": "1500",
        "n_audio_state": "16",
        "n_audio_head": "2",
        "n_audio_layer": "1",
        "n_vocab": str(weights.vocabulary),
        "n_text_ctx": str(POSITIONS),
        "n_text_state": "16",
        "n_text_head": "2",
        "n_text_layer": "2",
        "sot_sequence": ",".join(map(str, sequence)),
        "all_language_tokens": f"{special['<|en|>']},{special['<|fr|>']}",
        "all_language_codes": "en,fr",
        "sot": str(start),
        "sot_index": "0",
        "eot": str(special["<|endoftext|>"]),
        "blank_id": "32",
        "is_multilingual": str(int(multilingual)),
        "no_speech": str(special["<|notimestamps|>"]),
        "non_speech_tokens": "1,2",
        "transcribe": str(special["<|transcribe|>"]),
        "translate": str(special["<|translate|>"]),
        "sot_prev": str(start),
        "sot_lm": str(start),
        "no_timestamps": str(special["<|notimestamps|>"]),
    }


def sherpa_folder(folder: Path, weights: Net, *, multilingual: bool = True, prefix: str = "tiny-") -> Path:
    """sherpa's export of Whisper."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = sherpa_encoder(weights)
    for key, text in sherpa_metadata(weights, multilingual=multilingual).items():
        encoder.metadata_props.add(key=key, value=text)
    save({f"{prefix}encoder.onnx": encoder, f"{prefix}decoder.onnx": sherpa_decoder(weights)}, folder)
    lines = [f"{base64.b64encode(token).decode()} {i}" for i, token in enumerate(token_bytes())]
    (folder / f"{prefix}tokens.txt").write_text("\n".join(lines) + "\n")
    return folder


@cache
def token_bytes() -> tuple[bytes, ...]:
    """The 300 tokens as bytes, by index."""
    alphabet = {0x20: "Ġ"}
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    alphabet = {byte: chr(byte) for byte in shown} | {byte: chr(0x100 + i) for i, byte in enumerate(hidden)}
    back = {character: byte for byte, character in alphabet.items()}
    vocab, _ = trained_tokens()
    return tuple(
        bytes(back[c] for c in token) for token, _ in sorted(vocab.items(), key=lambda item: item[1])
    )
