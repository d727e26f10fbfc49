"""tokens.txt of sherpa's Whisper: "base64 rank" lines, a byte-level BPE by rank as tiktoken has it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from memaudit.errors import MissingExtraError, ModelError
from memaudit.limits import LARGEST_VOCABULARY
from memaudit.models.tokens.subwords import SubwordTable, SubwordVocabulary
from memaudit.models.tokens.text_files import read_text

if TYPE_CHECKING:
    from tiktoken import Encoding

# Where GPT-2 cuts a text into words (Radford et al. 2019); Whisper does the same.
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


class Base64BpeTokens(SubwordTable):
    """[tokens] of kind "base64-bpe".

    Attributes:
        file: the tokens.txt, relative to the model.toml.
        special: names of further tokens -> index.
    """

    kind: Literal["base64-bpe"] = "base64-bpe"
    file: str = Field("tokens.txt", min_length=1)
    special: dict[str, int] = Field(default_factory=dict)

    def load(self, folder: Path, *, where: str) -> SubwordVocabulary:
        """Read the ranks.

        Raises:
            ModelError: if the file cannot be read, a line is not "base64 rank", or a byte has no token.
            MissingExtraError: if ``tiktoken`` is not installed.
        """
        library = _tiktoken(self.kind)
        path = folder / self.file
        ranks = read_ranks(path, where=where)
        lacking = next((byte for byte in range(256) if bytes([byte]) not in ranks), None)
        if lacking is not None:
            raise ModelError(f"has no token for the byte {lacking:#04x}", where=str(path))
        # The published multilingual vocabulary has one token without bytes.
        empty = {ranks.pop(b"")} if b"" in ranks else set()
        encoding = library.Encoding(path.name, pat_str=_WORDS, mergeable_ranks=ranks, special_tokens={})
        codec = TiktokenCodec(encoding, {rank: token for token, rank in ranks.items()}, self.special)
        silent = frozenset(empty | set(self.special.values()))
        size = max(*ranks.values(), *silent, 0) + 1
        return SubwordVocabulary(self, (path,), codec, size, silent)


def read_ranks(path: Path, *, where: str) -> dict[bytes, int]:
    """Token -> rank of a file of "base64 rank" lines; `ModelError` naming the line that is none."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(read_text(path, where=where).splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split()
        try:
            token, rank = base64.b64decode(parts[0], validate=parts[0] != "="), int(parts[1])
        except (binascii.Error, ValueError, IndexError):
            raise ModelError(f"line {number}, {line[:40]!r}, is not 'base64 rank'", where=str(path)) from None
        if token in ranks or not 0 <= rank < LARGEST_VOCABULARY:
            raise ModelError(f"line {number}, {line[:40]!r}, has a token twice or no rank", where=str(path))
        ranks[token] = rank
    if not ranks or len(set(ranks.values())) != len(ranks):
        raise ModelError("has no tokens, or two with one rank", where=str(path))
    return ranks


@dataclass(frozen=True)
class TiktokenCodec:
    """See `Codec`."""

    encoding: Encoding
    tokens: dict[int, bytes]
    special: dict[str, int]

    def encode(self, text: str) -> tuple[tuple[int, ...], bool]:
        """See `Codec.encode`; bytes can spell every text."""
        return tuple(self.encoding.encode_ordinary(text)), True

    def decode(self, indices: Sequence[int]) -> str:
        """See `Codec.decode`."""
        spelled = b"".join(self.tokens.get(index, b"") for index in indices)
        return spelled.decode("utf-8", errors="replace").removeprefix(" ")

    def symbol(self, index: int) -> str | None:
        """See `Codec.symbol`."""
        token = self.tokens.get(index)
        return None if token is None else token.decode("utf-8", errors="replace")

    def index(self, name: str) -> int | None:
        """See `Codec.index`."""
        return self.special.get(name)

    def name(self, index: int) -> str | None:
        """See `Codec.name`."""
        return next((name for name, own in self.special.items() if own == index), None)


def _tiktoken(kind: str) -> Any:
    try:
        import tiktoken
    except ImportError:
        raise MissingExtraError(f"the vocabulary kind '{kind}'", "tokenizers") from None
    return tiktoken
