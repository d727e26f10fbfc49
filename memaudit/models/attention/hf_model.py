"""Encoder/decoder models as optimum exports them, Whisper and Moonshine, with a cache or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import AudioError, ModelError
from memaudit.models.attention.graph import Features, checked_frames
from memaudit.models.attention.hf_decoder import Cache, HfDecoder
from memaudit.models.decoding.attention import Logits, Score
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.ort.binding import Node, listed, nodes
from memaudit.models.ort.session import run_session


@dataclass(frozen=True)
class HfEncoder:
    """An encoder whose inputs have been bound.

    Attributes:
        session: the graph.
        where: its file.
        features: the input for features [N, F, T] or waveforms [N, S].
        mask: the input for a mask over samples or frames, None where there is none.
        output: the name of the output [N, T', D].
        frames: T' of a waveform of S samples; None where the front end gives inputs of one length.
    """

    session: onnxruntime.InferenceSession = field(repr=False)
    where: str
    features: Node
    mask: Node | None
    output: str
    frames: Callable[[int], int] | None

    def run(self, batch: Sequence[Features]) -> NDArray[np.float32]:
        """The output [N, T', D] of inputs [T, F] or [S], shorter ones padded with zeros."""
        longest = max(len(one) for one in batch)
        stacked = np.zeros((len(batch), longest, *batch[0].shape[1:]), dtype=self.features.dtype)
        mask = np.zeros((len(batch), longest), dtype=np.int64)
        for row, one in enumerate(batch):
            stacked[row, : len(one)] = one
            mask[row, : len(one)] = 1
        turned = stacked if stacked.ndim == 2 else np.ascontiguousarray(stacked.transpose(0, 2, 1))
        feeds: dict[str, NDArray[Any]] = {self.features.name: turned}
        if self.mask is not None:
            feeds[self.mask.name] = mask.astype(self.mask.dtype or np.int64, copy=False)
        (output,) = run_session(self.session, [self.output], feeds, where=self.where)
        return checked_frames(output, where=self.where)


@dataclass(frozen=True)
class HfModel:
    """See `EncoderDecoder`.

    Attributes:
        encoder: the encoder.
        first: the decoder of the first call and of teacher forcing.
        following: the decoder that takes a cache: the same one where it is merged; None: there is none.
    """

    encoder: HfEncoder
    first: HfDecoder
    following: HfDecoder | None

    def hear(self, features: Features) -> HfHeard:
        """See `EncoderDecoder.hear`."""
        if self.encoder.frames is not None and self.encoder.frames(len(features)) < 1:
            raise AudioError(
                f"the audio, {len(features)} samples, is too short for the model",
                how="leave the utterance out",
            )
        hidden = self.encoder.run([features])
        first = self.first.heard(hidden, len(features))
        other = None if self.following is self.first else self.following
        return HfHeard(self, hidden[0], first, first if other is None else other.heard(hidden, len(features)))

    def hear_together(self, batch: Sequence[Features]) -> list[NDArray[np.float32]] | None:
        """See `EncoderDecoder.hear_together`."""
        shape = self.encoder.features.shape
        if shape and shape[0] is not None and shape[0] != len(batch):
            return None
        frames, output = self.encoder.frames, self.encoder.run(batch)
        if frames is None:
            return list(output)
        return [one[: frames(len(features))] for one, features in zip(output, batch, strict=True)]

    @property
    def scored(self) -> int | None:
        """See `EncoderDecoder.scored`."""
        return self.first.scored

    def told(self) -> tuple[str, ...]:
        """See `EncoderDecoder.told`."""
        if self.following is None:
            how = "without a cache: every step runs the whole prefix again"
        elif self.following is self.first:
            how = "merged: one graph with and without a cache"
        else:
            how = "in two graphs, without and with a cache"
        return (f"encoder input {self.encoder.features.text}", f"the decoder is {how}")


@dataclass(frozen=True)
class HfHeard:
    """See `Heard`.

    Attributes:
        model: what heard it.
        frames: the encoder's output.
        first: the inputs of the first decoder that stay the same for it.
        following: those of the one with a cache.
    """

    model: HfModel
    frames: NDArray[np.float32]
    first: Cache
    following: Cache

    def begin(self) -> Score:
        """See `Heard.begin`."""
        if self.model.following is None:
            return _Rerun(self).extend
        return _Cached(self, self.model.following).extend

    def score(self, tokens: Sequence[int]) -> Logits:
        """See `Heard.score`."""
        return self.model.first.run(tokens, self.first)[0]


class _Rerun:
    """A hypothesis without a cache."""

    def __init__(self, heard: HfHeard) -> None:
        self._heard = heard
        self._given: list[int] = []

    def extend(self, tokens: Sequence[int]) -> Logits:
        self._given += tokens
        return self._heard.score(self._given)[-len(tokens) :]


class _Cached:
    """A hypothesis with a cache of keys and values.

    The keys and values of the encoder's output come with the first call and never change: merged graphs give
    dummies for them later on, and graphs with a past none.
    """

    def __init__(self, heard: HfHeard, following: HfDecoder) -> None:
        self._heard = heard
        self._following = following
        self._past: Cache | None = None
        self._length = 0
        self._changing = [key for key in following.past if ".decoder." in key]

    def extend(self, tokens: Sequence[int]) -> Logits:
        heard, model = self._heard, self._heard.model
        if self._past is None:
            wanted = list(self._following.past)
            logits, self._past = model.first.run(tokens, heard.first, wanted=wanted)
        else:
            logits, new = self._following.run(
                tokens,
                heard.following,
                past=self._past,
                start=self._length,
                wanted=self._changing,
            )
            self._past = {**self._past, **new}
        self._length += len(tokens)
        return logits


def bound_encoder(
    session: onnxruntime.InferenceSession,
    front_end: FrontEnd,
    *,
    frames: Callable[[int], int] | None = None,
    where: str,
) -> HfEncoder:
    """Bind an encoder to a front end.

    Args:
        session: the graph.
        front_end: what its input is made by.
        frames: T' of a waveform of S samples.
        where: its file.

    Raises:
        ModelError: if no input takes the front end's output, or its number of features is another.
    """
    given, results = nodes(session.get_inputs(), where=where), nodes(session.get_outputs(), where=where)
    rank = 2 if front_end.num_features is None else 3
    features = [node for node in given if node.is_float and len(node.shape) == rank]
    masks = [node for node in given if node.is_integer and len(node.shape) == 2]
    outputs = [node for node in results if node.is_float and len(node.shape) == 3]
    if len(features) != 1 or len(given) > 1 + len(masks) or len(masks) > 1 or not outputs:
        what = "features [N, F, T]" if rank == 3 else "waveforms [N, S]"
        raise ModelError(
            f"is no encoder of {what}: {listed(given)} -> {listed(results)}",
            where=where,
            how="give the encoder that optimum exports, and its own [front_end]",
        )
    mels = features[0].shape[1] if rank == 3 else None
    if mels is not None and mels != front_end.num_features:
        raise ModelError(
            f"'{features[0].name}' takes {mels} mel bins, but the front end gives {front_end.num_features}",
            where=where,
            how=f"set 'front_end.num_mels' to {mels}",
        )
    named = next((node for node in outputs if node.name == "last_hidden_state"), outputs[0])
    return HfEncoder(session, where, features[0], masks[0] if masks else None, named.name, frames)


def bound_model(encoder: HfEncoder, first: HfDecoder, with_past: HfDecoder | None) -> HfModel:
    """Join encoder and decoders.

    Raises:
        ModelError: if the cache that one decoder gives is not the one that the next takes.
    """
    following = first if first.branches else with_past
    if following is not None:
        lacking = sorted(following.past.keys() - first.present.keys())
        unchanged = [key for key in following.past if ".decoder." in key and key not in following.present]
        if lacking or unchanged or not following.past:
            raise ModelError(
                f"the cache does not fit that of {Path(first.where).name}: "
                f"{', '.join([*lacking, *unchanged]) or 'all of it'} is missing",
                where=following.where,
                how="take both decoders of one export, or leave the one with a past out",
            )
    return HfModel(encoder, first, following)
