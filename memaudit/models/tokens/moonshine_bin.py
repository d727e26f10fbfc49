"""tokenizer.bin of Moonshine: the pieces of a SentencePiece BPE model in the order of their indices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.tokens.subwords import SubwordTable, SubwordVocabulary
from memaudit.models.tokens.text_files import is_special, read_bytes
from memaudit.models.tokens.tokenizers_codec import TokenizersCodec, tokenizers_library

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"


class MoonshineBinTokens(SubwordTable):
    """[tokens] of kind "moonshine-bin".

    The file gives the pieces, each after its length: one byte below 128, else two, the first being the length
    modulo 128 plus 128 and the second the quotient. The merges that a BPE encoder needs follow from the order
    of the pieces, because SentencePiece numbers them as it learnt them: any two pieces that together are a
    third are merged, and earlier ones come first.

    Attributes:
        file: the tokenizer.bin, relative to the model.toml.
    """

    kind: Literal["moonshine-bin"] = "moonshine-bin"
    file: str = Field("tokenizer.bin", min_length=1)

    def load(self, folder: Path, *, where: str) -> SubwordVocabulary:
        """Read the pieces.

        Raises:
            ModelError: if the file cannot be read, or does not start with <unk>, <s>, </s> and the 256 bytes.
            MissingExtraError: if ``tokenizers`` is not installed.
        """
        library = tokenizers_library(self.kind)
        path = folder / self.file
        raw = tuple(_pieces(read_bytes(path, where=where), path))
        if raw[:259] != (b"<unk>", b"<s>", b"</s>", *(bytes([byte]) for byte in range(256))):
            raise ModelError(
                "does not start with <unk>, <s>, </s> and the 256 bytes",
                where=str(path),
                how="give the tokenizer.bin that came with the model",
            )
        names = [_name(index, piece) for index, piece in enumerate(raw)]
        vocab = {name: index for index, name in enumerate(names)}
        if len(vocab) != len(names):
            raise ModelError("has a piece twice", where=str(path))
        silent = frozenset(i for i, name in enumerate(names) if is_special(name))
        merges = _merges({name: i for name, i in vocab.items() if i not in silent and i >= 259})
        settings = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
        bpe = library.models.BPE(vocab=vocab, merges=merges, **settings)
        tokenizer = library.Tokenizer(bpe)
        tokenizer.normalizer = library.normalizers.Sequence(
            [library.normalizers.Prepend(_SPACE), library.normalizers.Replace(" ", _SPACE)]
        )
        decoders = library.decoders
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace(_SPACE, " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
        codec = TokenizersCodec(tokenizer, byte_level=False, unknown=0)
        return SubwordVocabulary(self, (path,), codec, len(names), silent)


def _pieces(data: bytes, path: Path) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        length, position = data[position], position + 1
        if length >= 128 and position < len(data):
            length, position = length - 128 + 128 * data[position], position + 1
        if position + length > len(data):
            raise ModelError("ends in the middle of a piece", where=str(path), how="copy the file again")
        yield data[position : position + length]
        position += length


def _name(index: int, piece: bytes) -> str:
    """The piece as the tokenizers library names it."""
    if 3 <= index < 259:
        return f"<0x{index - 3:02X}>"
    # The exporter writes nothing for the line separator, which no text here has.
    return piece.decode("utf-8", errors="replace") or f"<|{index}|>"


def _merges(pieces: dict[str, int]) -> list[tuple[str, str]]:
    """Every pair that makes a piece, in the order of what it makes, then of its own parts."""
    pairs: list[tuple[str, str]] = []
    for piece in sorted(pieces, key=pieces.__getitem__):
        parts = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
        known = [part for part in parts if part[0] in pieces and part[1] in pieces]
        pairs += sorted(known, key=lambda pair: (pieces[pair[0]], pieces[pair[1]]))
    return pairs
