"""The kinds of vocabulary by the name that [tokens] kind gives them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from memaudit.models.tokens.base import Tokens, TokenTable
from memaudit.models.validation import by_kind

# A new kind is one new file and one line here.
TOKEN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "base64-bpe": "memaudit.models.tokens.base64_bpe:Base64BpeTokens",
        "byte-bpe": "memaudit.models.tokens.byte_bpe:ByteBpeTokens",
        "lines": "memaudit.models.tokens.lines:LineTokens",
        "moonshine-bin": "memaudit.models.tokens.moonshine_bin:MoonshineBinTokens",
        "phones": "memaudit.models.tokens.phones:PhoneTokens",
        "pieces": "memaudit.models.tokens.pieces:PieceTokens",
        "tokenizer-json": "memaudit.models.tokens.tokenizer_json:TokenizerJsonTokens",
        "vocab-json": "memaudit.models.tokens.vocab_json:VocabJsonTokens",
    }
)


def load_tokens(table: Mapping[str, Any], folder: Path, *, where: str) -> Tokens:
    """The vocabulary that a [tokens] table describes.

    Raises:
        ModelError: if the table or its file is wrong.
    """
    checked: TokenTable = by_kind(TOKEN_KINDS, table, where=where, key="tokens", default="lines")
    return checked.load(folder, where=where)
