"""What the recogniser asks of an encoder/decoder model, and the checks of what its graphs give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.decoding.attention import Logits, Score

Features = NDArray[np.float32]


class Heard(Protocol):
    """One utterance after the encoder, which has run once: all that decoders need of it."""

    @property
    def frames(self) -> NDArray[np.float32]:
        """The encoder's output, float32 [T', D]."""
        ...

    def begin(self) -> Score:
        """A new hypothesis: a function that remembers the tokens it was given before.

        It takes U tokens and gives logits [U, V]; it is given the prompt, then one token at a time.
        """
        ...

    def score(self, tokens: Sequence[int]) -> Logits:
        """Logits [U, V] of what follows each prefix of U tokens, in one run of the decoder."""
        ...


class EncoderDecoder(Protocol):
    """A model whose graphs have been bound. All of its methods raise `ModelError` where a graph fails."""

    def hear(self, features: Features) -> Heard:
        """Run the encoder on float32 [T, F], or [S] of a waveform.

        Raises:
            AudioError: if a waveform is too short for a frame.
        """
        ...

    def hear_together(self, batch: Sequence[Features]) -> list[NDArray[np.float32]] | None:
        """The encoder's outputs [T', D] of several utterances, in one run; None where it takes one only."""
        ...

    @property
    def scored(self) -> int | None:
        """V where the graph of the decoder fixes it."""
        ...

    def told(self) -> tuple[str, ...]:
        """What was inferred about the graphs, a sentence each."""
        ...


def checked_frames(raw: NDArray[Any], *, where: str) -> NDArray[np.float32]:
    """An encoder's output [N, T', D] as float32.

    Raises:
        ModelError: if the shape is another, there is no frame, or a value is not finite.
    """
    if raw.ndim != 3 or 0 in raw.shape:
        raise ModelError(
            f"the encoder gives {list(raw.shape)}, not [utterances, frames, values]",
            where=where,
            how="give the encoder of an encoder/decoder model",
        )
    return finite(raw, what="the encoder's output", where=where)


def checked_logits(raw: NDArray[Any], count: int, *, where: str) -> Logits:
    """A decoder's logits [1, U, V] as float32 [U, V].

    Raises:
        ModelError: if the shape is another, or a value is not finite.
    """
    if raw.ndim != 3 or raw.shape[:2] != (1, count):
        raise ModelError(
            f"logits of shape {list(raw.shape)} are not [1, {count}, tokens]",
            where=where,
            how="export the decoder with the logits of every position",
        )
    return finite(raw[0], what="the decoder's logits", where=where)


def finite(values: NDArray[Any], *, what: str, where: str) -> NDArray[np.float32]:
    """``values`` as float32; `ModelError` if one is NaN or infinite."""
    converted = values.astype(np.float32, copy=False)
    if not np.isfinite(converted).all():
        bad = "NaN" if np.isnan(converted).any() else "infinite values"
        raise ModelError(
            f"{what} has {bad}",
            where=where,
            how="check the checkpoint and [front_end]; half precision overflows in some models",
        )
    return converted
