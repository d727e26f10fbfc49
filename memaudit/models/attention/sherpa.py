"""Whisper as sherpa-onnx exports it: an encoder that gives keys and values, a cache of fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.attention.graph import Features, checked_frames, checked_logits
from memaudit.models.decoding.attention import Logits, Score
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.ort.binding import Node, listed, nodes
from memaudit.models.ort.session import run_session

CROSS = ("n_layer_cross_k", "n_layer_cross_v")
_IN = ("in_n_layer_self_k_cache", "in_n_layer_self_v_cache")
_OUT = ("out_n_layer_self_k_cache", "out_n_layer_self_v_cache")


@dataclass(frozen=True)
class SherpaModel:
    """See `EncoderDecoder`.

    Attributes:
        encoder: mel [N, F, T] -> keys and values [layers, N, T', D].
        decoder: tokens, caches [layers, N, positions, D], keys and values, offset -> logits and caches.
        where: the files of the two.
        mel: the encoder's input.
        inputs: the decoder's inputs by name.
        scored: see `EncoderDecoder.scored`.
    """

    encoder: onnxruntime.InferenceSession = field(repr=False)
    decoder: onnxruntime.InferenceSession = field(repr=False)
    where: tuple[str, str]
    mel: Node
    inputs: dict[str, Node]
    scored: int | None

    def hear(self, features: Features) -> SherpaHeard:
        """See `EncoderDecoder.hear`."""
        cross = self._cross([features])
        return SherpaHeard(self, cross, checked_frames(cross[0][-1], where=self.where[0])[0])

    def hear_together(self, batch: Sequence[Features]) -> list[NDArray[np.float32]] | None:
        """See `EncoderDecoder.hear_together`: the keys of the last layer."""
        size = self.mel.shape[0]
        if (size is not None and size != len(batch)) or len({len(one) for one in batch}) != 1:
            return None  # frames of padding are not marked: utterances of other lengths cannot share a run
        return list(checked_frames(self._cross(batch)[0][-1], where=self.where[0]))

    def told(self) -> tuple[str, ...]:
        """See `EncoderDecoder.told`."""
        return (
            f"encoder input {self.mel.text}",
            f"the decoder has a cache of {self.inputs[_IN[0]].shape[2]} positions",
        )

    def step(
        self, tokens: Sequence[int], cross: Sequence[NDArray[Any]], cache: Sequence[NDArray[Any]], offset: int
    ) -> tuple[Logits, list[NDArray[Any]]]:
        """Logits [U, V] of U tokens from position ``offset`` on, and the caches after them."""
        feeds: dict[str, NDArray[Any]] = {
            "tokens": np.array([tokens], dtype=np.int64),
            **dict(zip(_IN, cache, strict=True)),
            **dict(zip(CROSS, cross, strict=True)),
            "offset": np.array([offset], dtype=np.int64),
        }
        logits, *grown = run_session(self.decoder, ["logits", *_OUT], feeds, where=self.where[1])
        return checked_logits(logits, len(tokens), where=self.where[1]), grown

    def empty(self) -> list[NDArray[Any]]:
        """The caches before the first token."""
        return [
            np.zeros([1 if axis is None else axis for axis in node.shape], dtype=node.dtype)
            for node in (self.inputs[name] for name in _IN)
        ]

    def _cross(self, batch: Sequence[Features]) -> list[NDArray[Any]]:
        mel = np.ascontiguousarray(np.stack(batch).transpose(0, 2, 1), dtype=self.mel.dtype)
        cross = run_session(self.encoder, CROSS, {self.mel.name: mel}, where=self.where[0])
        for one in cross:
            if one.ndim != 4 or one.shape[1] != len(batch):
                raise ModelError(
                    f"the encoder gives {list(one.shape)}, not [layers, utterances, frames, values]",
                    where=self.where[0],
                    how="export it again with sherpa-onnx's script",
                )
        return cross


@dataclass(frozen=True)
class SherpaHeard:
    """See `Heard`; ``frames`` are the keys of the last layer: the encoder's own output is not given."""

    model: SherpaModel
    cross: list[NDArray[Any]]
    frames: NDArray[np.float32]

    def begin(self) -> Score:
        """See `Heard.begin`."""
        cache, offset = self.model.empty(), 0

        def extend(tokens: Sequence[int]) -> Logits:
            nonlocal cache, offset
            logits, cache = self.model.step(tokens, self.cross, cache, offset)
            offset += len(tokens)
            return logits

        return extend

    def score(self, tokens: Sequence[int]) -> Logits:
        """See `Heard.score`."""
        return self.begin()(tokens)


def bound_sherpa(
    encoder: onnxruntime.InferenceSession,
    decoder: onnxruntime.InferenceSession,
    front_end: FrontEnd,
    *,
    where: tuple[str, str],
) -> SherpaModel:
    """Bind both graphs by their names.

    Raises:
        ModelError: if they are no Whisper export of sherpa-onnx, or do not take the front end's features.
    """
    given, results = nodes(encoder.get_inputs(), where=where[0]), nodes(encoder.get_outputs(), where=where[0])
    if len(given) != 1 or len(given[0].shape) != 3 or not {node.name for node in results} >= set(CROSS):
        raise ModelError(
            f"is no Whisper encoder of sherpa-onnx: {listed(given)} -> {listed(results)}",
            where=where[0],
            how=f"it must take mel [N, F, T] and give {' and '.join(CROSS)}",
        )
    inputs = {node.name: node for node in nodes(decoder.get_inputs(), where=where[1])}
    outputs = {node.name: node for node in nodes(decoder.get_outputs(), where=where[1])}
    wanted = {"tokens", "offset", *_IN, *CROSS}
    if inputs.keys() != wanted or not outputs.keys() >= {"logits", *_OUT}:
        raise ModelError(
            f"is no Whisper decoder of sherpa-onnx: {listed(list(inputs.values()))} -> "
            f"{', '.join(sorted(outputs))}",
            where=where[1],
            how=f"it must take {', '.join(sorted(wanted))} and give logits and both caches",
        )
    fixed = [inputs[name].shape for name in _IN]
    if any(len(shape) != 4 or None in (shape[0], shape[2], shape[3]) for shape in fixed):
        raise ModelError(
            f"its caches are {inputs[_IN[0]].text}, not of fixed layers, positions and size",
            where=where[1],
            how="export it again with sherpa-onnx's script",
        )
    mels = given[0].shape[1]
    if mels is not None and mels != front_end.num_features:
        raise ModelError(
            f"'{given[0].name}' takes {mels} mel bins, but the front end gives {front_end.num_features}",
            where=where[0],
            how=f"set 'front_end.num_mels' to {mels}",
        )
    scored = outputs["logits"].shape[-1] if outputs["logits"].shape else None
    return SherpaModel(encoder, decoder, where, given[0], inputs, scored)
