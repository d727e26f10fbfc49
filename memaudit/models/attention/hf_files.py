"""The files of an optimum export: their roles, their names, and loading them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.adapter import LoadOptions
from memaudit.models.attention.hf_decoder import bound_decoder
from memaudit.models.attention.hf_model import HfModel, bound_encoder, bound_model
from memaudit.models.attention.loading import file_of
from memaudit.models.description import Description
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.model_files import ModelFiles
from memaudit.models.validation import Table

ENCODER = ("encoder_model.onnx", "encoder_model.ort", "encoder_model_*.onnx", "encoder_model_*.ort")
_MERGED = ("decoder_model_merged*.onnx", "decoder_model_merged*.ort")
_PLAIN = ("decoder_model.onnx", "decoder_model.ort", "decoder_model_[!m]*.onnx", "decoder_model_[!m]*.ort")
_PAST = ("decoder_with_past_model*.onnx", "decoder_with_past_model*.ort")


class HfFiles(Table):
    """[files] of an optimum export.

    Attributes:
        encoder: the encoder.
        decoder: the merged decoder, or the one without a cache.
        decoder_with_past: the one with a cache, beside an unmerged decoder.
    """

    encoder: str = Field("encoder_model.onnx", min_length=1)
    decoder: str = Field("decoder_model_merged.onnx", min_length=1)
    decoder_with_past: str | None = Field(None, min_length=1)


def hf_files(files: ModelFiles, encoder: str) -> dict[str, str]:
    """[files] for an encoder that was found: the merged decoder where there is one.

    Raises:
        ModelError: if there is no decoder, or several could be meant.
    """
    named = files.chosen
    plain_named = named is not None and named in (*files.find(*_PLAIN), *files.find(*_PAST))
    merged = None if plain_named else files.one("decoder", *_MERGED)
    if merged is not None:
        return {"encoder": encoder, "decoder": merged}
    plain = files.one("decoder", *_PLAIN)
    if plain is None:
        raise ModelError(
            f"{encoder} has no decoder beside it",
            where=str(files.folder),
            how="put decoder_model_merged.onnx or decoder_model.onnx of the same export there",
        )
    past = files.one("decoder with a past", *_PAST)
    return {"encoder": encoder, "decoder": plain} | ({} if past is None else {"decoder_with_past": past})


def hf_tokens(files: ModelFiles, *others: tuple[str, str]) -> dict[str, str]:
    """[tokens] for what lies in the folder: tokenizer.json, vocab.json with merges.txt, or of ``others``.

    Args:
        files: the folder.
        others: (file, kind) of further vocabularies.

    Raises:
        ModelError: if there is none.
    """
    if files.find("tokenizer.json"):
        return {"kind": "tokenizer-json", "file": files.find("tokenizer.json")[0]}
    if files.find("vocab.json") and files.find("merges.txt"):
        added = files.find("added_tokens.json")
        return {
            "kind": "byte-bpe",
            "vocab": files.find("vocab.json")[0],
            "merges": files.find("merges.txt")[0],
            "added": added[0] if added else "",
        }
    for name, kind in others:
        if found := files.find(name):
            return {"kind": kind, "file": found[0]}
    raise ModelError(
        "there is no tokenizer",
        where=str(files.folder),
        how=" or ".join(["put tokenizer.json", "vocab.json with merges.txt", *(name for name, _ in others)])
        + " of the same export there",
    )


def load_graphs(
    description: Description,
    options: LoadOptions,
    front_end: FrontEnd,
    *,
    frames: Callable[[int], int] | None = None,
) -> tuple[HfModel, tuple[Path, ...]]:
    """The bound graphs of an export, and their files, the decoder of the first call last.

    Args:
        description: whose [files] name them.
        options: how they are opened.
        front_end: of the encoder.
        frames: encoder frames of a waveform of S samples.

    Raises:
        ModelError: if one is missing, is not what it should be, or they do not fit together.
    """
    named = description.section("files", HfFiles)
    encoder_path = file_of(description, "encoder", named.encoder)
    decoder_path = file_of(description, "decoder", named.decoder)
    encoder = bound_encoder(options.open(encoder_path), front_end, frames=frames, where=str(encoder_path))
    decoder = bound_decoder(options.open(decoder_path), where=str(decoder_path))
    if named.decoder_with_past is None:
        return bound_model(encoder, decoder, None), (encoder_path, decoder_path)
    past_path = file_of(description, "decoder_with_past", named.decoder_with_past)
    with_past = bound_decoder(options.open(past_path), where=str(past_path))
    return bound_model(encoder, decoder, with_past), (encoder_path, past_path, decoder_path)
