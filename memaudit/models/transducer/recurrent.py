"""A recurrent prediction network and a joiner in two graphs, as NeMo exports them apart (for sherpa-onnx)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.models.ort.binding import Node
from memaudit.models.ort.files import quantised_operators
from memaudit.models.transducer.graph import Encoded
from memaudit.models.transducer.net import Net, Roles, roles, zero_states

States = tuple[NDArray[np.float32], ...]
_DECODER = (
    "a prediction network with states (targets [1, U], target_length [1] and states to its output [1, H, U] "
    "and states)"
)
_JOINER = "a joiner of sequences (encoder's output [1, D, T] and decoder's [1, H, U] to scores [1, T, U, V])"


@dataclass(frozen=True)
class RecurrentPrediction:
    """The prediction network's output [1, H, U] and its states after the last token."""

    output: NDArray[Any]
    states: States


@dataclass(frozen=True)
class RecurrentGraph:
    """A `TransducerGraph` of two graphs."""

    decoder: Net
    states: tuple[Node, ...]
    joiner: Net
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

    def start(self) -> RecurrentPrediction:
        """See `TransducerGraph.start`: NeMo begins a text with the blank."""
        return self.along(())

    def after(self, written: Sequence[int], previous: RecurrentPrediction) -> RecurrentPrediction:
        """See `TransducerGraph.after`."""
        return self._read([written[-1]], previous.states)

    def along(self, targets: Sequence[int]) -> RecurrentPrediction:
        """See `TransducerGraph.along`."""
        return self._read([self.blank, *targets], zero_states(self.states, where=self.decoder.where))

    def score(self, encoded: Encoded, prediction: RecurrentPrediction) -> NDArray[Any]:
        """See `TransducerGraph.score`."""
        (scores,) = self.joiner.run(encoded.T[np.newaxis], prediction.output)
        first: NDArray[Any] = scores[0]
        return first

    def _read(self, tokens: Sequence[int], states: States) -> RecurrentPrediction:
        values: list[NDArray[Any]] = [np.array([tokens], np.int32)]
        if len(self.decoder.inputs) > 1 + len(states):
            values.append(np.array([len(tokens)]))
        output, *after = self.decoder.run(*values, *states)
        return RecurrentPrediction(output, tuple(after))


def recurrent_net(found: Roles) -> tuple[Net, tuple[Node, ...]]:
    """The roles of a prediction network with states by type and position, and its states.

    Raises:
        ModelError: if it is no such graph.
    """
    targets = [node for node in found.integers if len(node.shape) == 2]
    lengths = [node for node in found.integers if len(node.shape) == 1]
    states, (output, *after) = found.floats, found.results
    fits = len(targets) == 1 and len(lengths) <= 1 and states and len(after) == len(states)
    if not fits or len(output.shape) not in (0, 3):
        raise found.refuse(_DECODER)
    return found.net((*targets, *lengths, *states), (output, *after)), states


def sequence_joiner(found: Roles) -> Net:
    """The roles of a joiner of sequences: the encoder's output first.

    Raises:
        ModelError: if it is no such graph.
    """
    ranks = [len(node.shape) for node in found.floats]
    if len(found.floats) != 2 or found.integers or not set(ranks) <= {0, 3}:
        raise found.refuse(_JOINER)
    return found.net(found.floats, found.results[:1])


def recurrent_graph(
    decoder: tuple[onnxruntime.InferenceSession, Path],
    joiner: tuple[onnxruntime.InferenceSession, Path],
    *,
    blank: int,
) -> RecurrentGraph:
    """Bind a prediction network with states and its joiner.

    Raises:
        ModelError: if one is no such graph.
    """
    net, states = recurrent_net(roles(*decoder))
    zero_states(states, where=net.where)
    quantised = bool(quantised_operators(joiner[1]))
    return RecurrentGraph(net, states, sequence_joiner(roles(*joiner)), blank, quantised)
