"""Sub-words through the ``tokenizers`` library of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memaudit.errors import MissingExtraError, ModelError
from memaudit.models.tokens.byte_level import spelled
from memaudit.panics import panics_as_errors

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def tokenizers_library(kind: str) -> Any:
    """The module ``tokenizers``; `MissingExtraError` if it is not installed."""
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError(f"the vocabulary kind '{kind}'", "tokenizers") from None
    return tokenizers


@dataclass(frozen=True)
class TokenizersCodec:
    """See `Codec`.

    Attributes:
        tokenizer: as the library loaded it, special tokens in a text being text.
        byte_level: True where tokens are bytes written as characters.
        unknown: the token for what is in no other, or None.
        special: names -> indices that the library was not told of.
    """

    tokenizer: Tokenizer
    byte_level: bool
    unknown: int | None = None
    special: Mapping[str, int] = field(default_factory=dict)

    def encode(self, text: str) -> tuple[tuple[int, ...], bool]:
        """See `Codec.encode`.

        Without a token for what is unknown the library leaves such characters out, and the offsets of the
        tokens, which it counts from their lengths, end before the text does.
        """
        try:
            with panics_as_errors():
                encoding = self.tokenizer.encode(text, add_special_tokens=False)
        except Exception:  # noqa: BLE001 - no unknown token, and the library raises nothing narrower
            return (), False
        spelt: set[int] = set()
        for index, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if index != self.unknown:
                spelt.update(range(start, end))
        return tuple(encoding.ids), all(i in spelt or text[i].isspace() for i in range(len(text)))

    def decode(self, indices: Sequence[int]) -> str:
        """See `Codec.decode`."""
        try:
            with panics_as_errors():
                text = self.tokenizer.decode(list(indices), skip_special_tokens=False)
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(
                f"the tokenizer cannot read its own tokens ({error})", how="take the model's own tokenizer"
            ) from error
        return text.removeprefix(" ") if self.byte_level else text

    def symbol(self, index: int) -> str | None:
        """See `Codec.symbol`."""
        token = self.tokenizer.id_to_token(index)
        if token is None:
            return None
        return spelled(token) if self.byte_level else token.replace("\N{LOWER ONE EIGHTH BLOCK}", " ")

    def index(self, name: str) -> int | None:
        """See `Codec.index`."""
        return self.special.get(name, self.tokenizer.token_to_id(name))

    def name(self, index: int) -> str | None:
        """See `Codec.name`."""
        own = next((name for name, own in self.special.items() if own == index), None)
        return self.tokenizer.id_to_token(index) if own is None else own
