"""One result of a function of the user's, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from memaudit.models.bulk.errors import BatchItemError
from memaudit.models.recognizer import Recognition

_FORMS = "give a text, a pair of a text and a loss, or a dictionary with transcript, loss and tokens"
_KEYS = frozenset({"transcript", "text", "loss", "tokens"})


def as_recognition(value: Any, index: int, *, where: str) -> Recognition:
    """What a function gave for the utterance ``index`` of its batch.

    Raises:
        BatchItemError: if it has none of the forms, or its loss or number of tokens is impossible.
    """

    def wrong(what: str, how: str = _FORMS) -> BatchItemError:
        return BatchItemError(index, what, where=where, how=how)

    text, loss, tokens = value, None, None
    if isinstance(value, Mapping):
        unknown = sorted(str(key) for key in value.keys() - _KEYS)
        if unknown or ("transcript" in value) == ("text" in value):
            raise wrong(f"gave a dictionary with the keys {sorted(map(str, value))}")
        text = value.get("transcript", value.get("text"))
        loss, tokens = value.get("loss"), value.get("tokens")
    elif isinstance(value, tuple | list):
        if len(value) != 2:
            raise wrong(f"gave a {type(value).__name__} of {len(value)}")
        text, loss = value
    if not isinstance(text, str):
        raise wrong(f"gave a {type(text).__name__} for a transcript")
    if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1):
        raise wrong(f"gave {tokens!r} for the number of tokens", "give a whole number from 1, or None")
    return Recognition(text, None if loss is None else _nats(loss, wrong), tokens)


def _nats(loss: Any, wrong: Any) -> float:
    how = "a loss is a finite number of nats, 0 or more, or None for every utterance"
    try:
        if isinstance(loss, str | bytes | bool):
            raise TypeError
        nats = float(loss)  # numpy's and torch's scalars too
    except (TypeError, ValueError, RuntimeError) as error:
        raise wrong(f"gave a {type(loss).__name__} for a loss", how) from error
    if not math.isfinite(nats) or nats < 0:
        raise wrong(f"gave the loss {nats}", how)
    return nats
