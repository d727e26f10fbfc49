"""What writes a text in word pieces: the model's own tokenizer, or one rebuilt from its list of pieces."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from memaudit.errors import MissingExtraError, ModelError
from memaudit.panics import panics_as_errors
from memaudit.reading import is_file, read_text

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

WORD_START = "\u2581"
BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class PieceEncoder(Protocol):
    """Text to pieces, by name: indices may be counted otherwise in the model's own list."""

    def pieces(self, text: str) -> list[str] | None:
        """The pieces that spell ``text``, or None where some of it cannot be written."""
        ...

    def known(self) -> frozenset[str]:
        """Every piece that it may write."""
        ...


class SentencePieces:
    """A SentencePiece model."""

    def __init__(self, processor: SentencePieceProcessor) -> None:
        self._processor = processor

    def pieces(self, text: str) -> list[str] | None:
        """See `PieceEncoder.pieces`."""
        indices = self._processor.encode(text, out_type=int)
        if any(self._processor.is_unknown(index) for index in indices):
            return None
        return [self._processor.id_to_piece(index) for index in indices]

    def known(self) -> frozenset[str]:
        """See `PieceEncoder.known`."""
        model = self._processor
        return frozenset(
            model.id_to_piece(index)
            for index in range(model.get_piece_size())
            if not (model.is_control(index) or model.is_unknown(index) or model.is_unused(index))
        )


class JsonPieces:
    """A tokenizer.json of Hugging Face's tokenizers."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown = getattr(tokenizer.model, "unk_token", None)
        self._special = {
            token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special
        }

    def pieces(self, text: str) -> list[str] | None:
        """See `PieceEncoder.pieces`."""
        try:
            with panics_as_errors():
                found: list[str] = self._tokenizer.encode(text, add_special_tokens=False).tokens
        except Exception:  # noqa: BLE001 - no unknown token, and the library raises nothing narrower
            return None
        # Without an unknown token what cannot be written is left out in silence: compare the letters.
        if any(piece == self._unknown or piece in self._special for piece in found):
            return None
        return found

    def known(self) -> frozenset[str]:
        """See `PieceEncoder.known`."""
        return frozenset(self._tokenizer.get_vocab()) - self._special - {self._unknown}


def open_encoder(path: Path) -> PieceEncoder:
    """The tokenizer of ``path``: a SentencePiece model, or a tokenizer.json.

    Raises:
        ModelError: if the file is missing or neither of these.
        MissingExtraError: if the library that reads it is not installed.
    """
    if not is_file(path):
        raise ModelError(
            "the tokenizer file is missing", where=str(path), how="put it there, or mend 'tokens.tokenizer'"
        )
    if path.suffix.lower() == ".json":
        return JsonPieces(_tokenizer_json(path))
    return SentencePieces(_processor(path.read_bytes(), where=str(path)))


def rebuilt_encoder(symbols: Sequence[str], *, silent: Collection[str], unknown: str | None) -> PieceEncoder:
    """A SentencePiece BPE model made from the order of a model's pieces.

    BPE training writes its pieces in the order of its merges, and a merge's score is minus its rank
    (Sennrich et al. 2016; SentencePiece's trainer_spec model_type BPE): so the order of the list is all
    that encoding needs.

    Args:
        symbols: the pieces in order.
        silent: those that stand for no text.
        unknown: the piece for what cannot be written, if there is one.

    Raises:
        MissingExtraError: if sentencepiece is not installed.
        ModelError: if sentencepiece does not take the pieces.
    """
    try:
        from sentencepiece import sentencepiece_model_pb2
    except ImportError as error:
        raise MissingExtraError("a model that writes word pieces", "tokenizers") from error
    schema: Any = sentencepiece_model_pb2  # generated code without types
    proto = schema.ModelProto()
    kinds = schema.ModelProto.SentencePiece
    has_bytes = sum(BYTE.fullmatch(symbol) is not None for symbol in symbols) == 256
    proto.trainer_spec.model_type = schema.TrainerSpec.BPE
    proto.trainer_spec.byte_fallback = has_bytes
    proto.normalizer_spec.name = "identity"

    def add(piece: str, kind: int, rank: int = 0) -> None:
        proto.pieces.add(piece=piece, type=kind, score=-float(rank))

    if unknown is None:
        add("<unk>", kinds.UNKNOWN)
    for rank, symbol in enumerate(symbols):
        if symbol == unknown:
            add(symbol, kinds.UNKNOWN)
        elif BYTE.fullmatch(symbol):
            add(symbol, kinds.BYTE if has_bytes else kinds.CONTROL)
        elif symbol in silent:
            add(symbol, kinds.CONTROL)
        else:
            add(symbol, kinds.NORMAL, rank)
    return SentencePieces(_processor(proto.SerializeToString(), where="the rebuilt tokenizer"))


def _processor(serialised: bytes, *, where: str) -> Any:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise MissingExtraError("a model that writes word pieces", "tokenizers") from error
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(serialised)
        processor.id_to_piece(list(range(processor.get_piece_size())))  # fails where one is no UTF-8
    except (RuntimeError, OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"no SentencePiece model ({' '.join(str(error).split())[:160]})",
            where=where,
            how="give the tokenizer that the model was trained with ('tokens.tokenizer')",
        ) from error
    return processor


def _tokenizer_json(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError("a model that writes word pieces", "tokenizers") from error
    try:
        with panics_as_errors():
            return Tokenizer.from_str(read_text(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(
            f"no tokenizer ({' '.join(str(error).split())[:160]})",
            where=str(path),
            how="give the tokenizer that the model was trained with ('tokens.tokenizer')",
        ) from error
