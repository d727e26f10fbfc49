"""How many tokens a text has: characters, a sentencepiece model or a tokenizer.json."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.errors import MissingExtraError, RecipeError
from memaudit.panics import panics_as_errors
from memaudit.reading import is_file

CHARACTERS = "char"
EXTRA = "tokenizers"

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class TokenCount:
    """One text in the trainer's tokens.

    Attributes:
        tokens: how many.
        repeats: how many are equal to the one before: CTC needs a frame between these.
        unknown: how many the tokenizer has no name for.
    """

    tokens: int
    repeats: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Tokenizer:
    """Counts the tokens of texts. ``unknown`` is the id that stands for what the tokenizer does not know."""

    name: str
    encode: Encode
    unknown: int | None = None

    def count(self, text: str) -> TokenCount:
        """Count the tokens of a text.

        A text in lower case of which a tokenizer knows less than of the same in upper case is counted in
        upper case: trainers write texts as their tokenizer wants them.
        """
        found = self._count(text)
        if not found.unknown:
            return found
        return min(found, self._count(text.upper()), key=lambda item: item.unknown)

    def _count(self, text: str) -> TokenCount:
        ids = self.encode(text)
        repeats = sum(first == second for first, second in itertools.pairwise(ids))
        return TokenCount(len(ids), repeats, sum(number == self.unknown for number in ids))


def load_tokenizer(name: str, folder: Path) -> Tokenizer:
    """Characters (``char``), or a tokenizer's file.

    Args:
        name: ``char``, or the path of a tokenizer.json (suffix .json) or of a sentencepiece model, relative
            to ``folder`` or else to the current folder.
        folder: where the recipe lies.

    Raises:
        RecipeError: if there is no such file, or it is no tokenizer.
        MissingExtraError: if the library that reads it is not installed.
    """
    if name == CHARACTERS:
        return Tokenizer(CHARACTERS, lambda text: [ord(character) for character in text])
    path = folder / name
    if not is_file(path):
        path = Path(name)
    if not is_file(path):
        raise RecipeError(
            "there is no such file",
            where=f"feasibility.tokenizer = {name}",
            how='use "char", a tokenizer.json or a sentencepiece model',
        )
    return _tokenizer_json(path) if path.suffix == ".json" else _sentencepiece(path)


def _sentencepiece(path: Path) -> Tokenizer:
    try:
        import sentencepiece
    except ImportError as error:
        raise MissingExtraError("a sentencepiece model", EXTRA) from error
    model = sentencepiece.SentencePieceProcessor()
    try:
        model.Load(str(path))
    except (OSError, RuntimeError) as error:
        raise _no_tokenizer(path, "sentencepiece model") from error
    return Tokenizer(path.name, model.EncodeAsIds, model.unk_id())


def _tokenizer_json(path: Path) -> Tokenizer:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError("a tokenizer.json", EXTRA) from error
    try:
        with panics_as_errors():
            model = tokenizers.Tokenizer.from_file(str(path))
        unknown = _unknown_id(json.loads(path.read_text(encoding="utf-8"))["model"])
    except Exception as error:  # the library raises nothing narrower
        raise _no_tokenizer(path, "tokenizer.json") from error

    def encode(text: str) -> Sequence[int]:
        try:
            with panics_as_errors():
                return list(model.encode(text, add_special_tokens=False).ids)
        except Exception as error:  # the library raises nothing narrower
            raise _no_tokenizer(path, "tokenizer.json that can write this kit's texts") from error

    return Tokenizer(path.name, encode, unknown)


def _unknown_id(model: dict[str, object]) -> int | None:
    """The id of the unknown token in the "model" of a tokenizer.json, which names it in one of two ways."""
    number, token, vocabulary = model.get("unk_id"), model.get("unk_token"), model.get("vocab")
    if isinstance(number, int):
        return number
    found = vocabulary.get(token) if isinstance(vocabulary, dict) else None
    return found if isinstance(found, int) else None


def _no_tokenizer(path: Path, what: str) -> RecipeError:
    return RecipeError(
        f"is no {what}",
        where=str(path),
        how='use "char", a tokenizer.json (with that suffix) or a sentencepiece model',
    )
