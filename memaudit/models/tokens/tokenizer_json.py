"""tokenizer.json: a whole tokenizer in one file, as the ``tokenizers`` library writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.tokens.subwords import SubwordTable, SubwordVocabulary
from memaudit.models.tokens.text_files import is_special, read_json, read_text
from memaudit.models.tokens.tokenizers_codec import TokenizersCodec, tokenizers_library
from memaudit.panics import panics_as_errors


class TokenizerJsonTokens(SubwordTable):
    """[tokens] of kind "tokenizer-json".

    Attributes:
        file: the tokenizer.json, relative to the model.toml.
    """

    kind: Literal["tokenizer-json"] = "tokenizer-json"
    file: str = Field("tokenizer.json", min_length=1)

    def load(self, folder: Path, *, where: str) -> SubwordVocabulary:
        """Read the tokenizer.

        Raises:
            ModelError: if the file cannot be read or is no tokenizer.
            MissingExtraError: if ``tokenizers`` is not installed.
        """
        library = tokenizers_library(self.kind)
        path = folder / self.file
        parsed = read_json(path, where=where)
        try:
            with panics_as_errors():
                tokenizer = library.Tokenizer.from_str(read_text(path, where=where))
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(
                f"is no tokenizer ({' '.join(str(error).split())[:160]})",
                where=str(path),
                how="give the tokenizer.json that the model was exported with",
            ) from error
        tokenizer.encode_special_tokens = True
        names = tokenizer.get_vocab(with_added_tokens=True)
        if not names:
            raise ModelError("the tokenizer has no tokens", where=str(path))
        added = {item["content"]: item["special"] for item in parsed.get("added_tokens", ())}
        silent = frozenset(i for name, i in names.items() if added.get(name) or is_special(name))
        unknown = _unknown(parsed)
        codec = TokenizersCodec(
            tokenizer,
            byte_level="ByteLevel" in _types(parsed.get("decoder")),
            unknown=None if unknown is None else names.get(unknown),
        )
        return SubwordVocabulary(self, (path,), codec, max(names.values()) + 1, silent)


def _types(part: Any) -> Iterable[str]:
    """The types of a decoder and of those that it is a sequence of."""
    if not isinstance(part, Mapping):
        return []
    return [part.get("type", ""), *(t for inner in part.get("decoders", ()) for t in _types(inner))]


def _unknown(parsed: Mapping[str, Any]) -> str | None:
    model = parsed.get("model", {})
    named = model.get("unk_token")
    if named is None and model.get("type") == "Unigram" and model.get("unk_id") is not None:
        named = model["vocab"][model["unk_id"]][0]
    return named if isinstance(named, str) else None
