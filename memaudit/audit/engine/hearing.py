"""Files in, recognitions out, with a model that is loaded in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from memaudit.audit.engine.failure import unexpected
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import AudioError, MemauditError, ModelError, UntrustedModelError
from memaudit.kit.audio import read_audio
from memaudit.models.bulk.errors import BatchItemError
from memaudit.models.recognizer import BatchRecognizer, Recognizer, Samples

Model = Recognizer | BatchRecognizer


def unit_size(model: Model) -> int | None:
    """How many recordings the model is given at a time; None: all of them."""
    batches = _batches(model)
    return 1 if batches is None else batches.batch_size


def units(items: Sequence[Item], size: int | None) -> Iterator[Sequence[Item]]:
    """``items`` cut into batches of ``size``, the last one shorter; None: one batch."""
    step = size or max(1, len(items))
    for begin in range(0, len(items), step):
        yield items[begin : begin + step]


def hear(model: Model, items: Sequence[Item]) -> list[Heard]:
    """Read the recordings, bring them to the model's rate and have them recognised.

    Raises:
        AudioError, TokenError, ModelError: with the path of the recording in front of ``where``.
    """
    batches = _batches(model)
    if batches is None:
        return [_hear_one(cast("Recognizer", model), item) for item in items]
    read = [_read(item, model.sample_rate) for item in items]
    where = named(items)
    try:
        found = batches.recognize_batch([samples for samples, _ in read], [item.reference for item in items])
    except MemauditError as error:
        if isinstance(error, BatchItemError):
            where = items[error.index].audio
        raise _located(error, where) from error
    except Exception as error:
        raise unexpected(error, model.info.adapter, where=where) from error
    return [Heard(item.id, heard, rate) for item, heard, (_, rate) in zip(items, found, read, strict=True)]


def hear_each(model: Model, items: Sequence[Item]) -> list[Heard]:
    """As `hear`, but a recording that the model fails on is marked so and spoils no other.

    Where a batch fails, its recordings are given to the model one at a time.

    Raises:
        AudioError, TokenError, UsageError, MissingExtraError: what is not the model's doing.
    """
    try:
        return hear(model, items)
    except UntrustedModelError:
        raise
    except ModelError as error:
        if len(items) == 1:
            return [Heard(items[0].id, None, 0, error.what)]
    return [heard for item in items for heard in hear_each(model, [item])]


def named(items: Sequence[Item]) -> str:
    """The recordings of a batch, for messages."""
    return items[0].audio if len(items) == 1 else f"{items[0].audio} to {items[-1].audio}"


def _batches(model: Model) -> BatchRecognizer | None:
    # isinstance would compute every property of the protocol.
    return cast("BatchRecognizer", model) if hasattr(type(model), "recognize_batch") else None


def _hear_one(model: Recognizer, item: Item) -> Heard:
    samples, rate = _read(item, model.sample_rate)
    try:
        return Heard(item.id, model.recognize(samples, item.reference), rate)
    except MemauditError as error:
        raise _located(error, item.audio) from error
    except Exception as error:
        raise unexpected(error, model.info.adapter, where=item.audio) from error


def _read(item: Item, wanted: int) -> tuple[Samples, int]:
    path = Path(item.audio)
    samples, rate = read_audio(path)
    return at_rate(samples, rate, wanted), rate


def _located(error: MemauditError, audio: str) -> MemauditError:
    error.where = f"{audio}: {error.where}" if error.where else audio
    return error


def at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    """Mono samples at another rate, by soxr; unchanged where the rate is right already.

    Raises:
        AudioError: if there are no samples.
    """
    if samples.size == 0:
        raise AudioError("has no samples", how="remove the file or record it again")
    if rate == wanted:
        return samples
    import soxr

    return np.ascontiguousarray(soxr.resample(samples, rate, wanted), dtype=np.float32)
