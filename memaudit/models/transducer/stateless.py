"""A prediction network of the last few tokens, and a joiner, in two graphs: icefall's export (k2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.ort.files import quantised_operators
from memaudit.models.transducer.graph import Encoded
from memaudit.models.transducer.net import Net, Roles, roles

_DECODER = "a prediction network of the last tokens (y [N, context] to decoder_out [N, D])"
_JOINER = "a joiner of frames (encoder_out [N, D] and decoder_out [N, D] to logit [N, V])"


@dataclass(frozen=True)
class StatelessGraph:
    """A `TransducerGraph` of two graphs; a prediction is the decoder's output [U + 1, D].

    A text begins with the blank, and with -1 before it where the context is longer, which the network reads
    as nothing: as icefall trains (padded embeddings) and as sherpa-onnx and onnx-asr search.
    """

    decoder: Net
    joiner: Net
    context: int
    blank: int
    quantised: bool

    @property
    def width(self) -> int | None:
        """See `TransducerGraph.width`."""
        return self.joiner.width

    @property
    def where(self) -> str:
        """See `TransducerGraph.where`."""
        return self.joiner.where

    def start(self) -> NDArray[Any]:
        """See `TransducerGraph.start`."""
        return self.along(())

    def after(self, written: Sequence[int], _previous: NDArray[Any]) -> NDArray[Any]:
        """See `TransducerGraph.after`."""
        recent = self._padded(written[-self.context :])[-self.context :]
        return self._read(np.array([recent], np.int64))

    def along(self, targets: Sequence[int]) -> NDArray[Any]:
        """See `TransducerGraph.along`."""
        padded = np.array(self._padded(targets), np.int64)
        return self._read(np.lib.stride_tricks.sliding_window_view(padded, self.context))

    def score(self, encoded: Encoded, prediction: NDArray[Any]) -> NDArray[Any]:
        """See `TransducerGraph.score`: the joiner takes rows, so every pair becomes one."""
        frames, texts = len(encoded), len(prediction)
        first = encoded if texts == 1 else np.repeat(encoded, texts, axis=0)
        second = np.broadcast_to(prediction, (frames, *prediction.shape)).reshape(frames * texts, -1)
        (scores,) = self.joiner.run(first, second)
        fits = scores.ndim == 2 and len(scores) == frames * texts
        return scores.reshape(frames, texts, -1) if fits else scores

    def _padded(self, tokens: Sequence[int]) -> list[int]:
        return [*[-1] * (self.context - 1), self.blank, *tokens]

    def _read(self, contexts: NDArray[np.int64]) -> NDArray[Any]:
        (output,) = self.decoder.run(contexts)
        # [N, 1, D] from exports that keep the axis of the context.
        return output[:, 0] if output.ndim == 3 else output


def stateless_net(found: Roles) -> Net:
    """The roles of a prediction network of the last tokens.

    Raises:
        ModelError: if it is no such graph.
    """
    fits = len(found.integers) == 1 and not found.floats and len(found.results) == 1
    if not fits or len(found.integers[0].shape) != 2:
        raise found.refuse(_DECODER)
    return found.net(found.integers, found.results)


def frame_joiner(found: Roles) -> Net:
    """The roles of a joiner of frames: the encoder's output by name, else first.

    Raises:
        ModelError: if it is no such graph.
    """
    ranks = {len(node.shape) for node in found.floats}
    if len(found.floats) != 2 or found.integers or not ranks <= {0, 2}:
        raise found.refuse(_JOINER)
    first, second = found.floats
    if first.name == "decoder_out":
        first, second = second, first
    return found.net((first, second), found.results[:1])


def stateless_graph(
    decoder: tuple[onnxruntime.InferenceSession, Path],
    joiner: tuple[onnxruntime.InferenceSession, Path],
    *,
    blank: int,
    context: int | None,
) -> StatelessGraph:
    """Bind a prediction network of the last tokens and its joiner.

    Args:
        decoder: the network and its file.
        joiner: the joiner and its file.
        blank: index of the blank.
        context: how many tokens the network reads; None: as many as its input's shape says.

    Raises:
        ModelError: if one is no such graph, or the context is not known or not the input's.
    """
    net = stateless_net(roles(*decoder))
    given = net.inputs[0].shape[1]
    if given is None and context is None:
        raise ModelError(
            f"{net.inputs[0].text} leaves open how many tokens it reads",
            where=net.where,
            how="set 'decoder.context' in model.toml (icefall's context_size, mostly 2)",
        )
    if context is not None and given not in (None, context):
        raise ModelError(
            f"reads {given} tokens, but 'decoder.context' is {context}", where=net.where, how="mend it"
        )
    size = context or given or 1
    return StatelessGraph(
        net, frame_joiner(roles(*joiner)), size, blank, bool(quantised_operators(joiner[1]))
    )
