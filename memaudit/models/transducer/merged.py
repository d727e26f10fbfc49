"""NeMo's decoder_joint graph: prediction network and joiner in one."""

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
_WANTED = (
    "a decoder_joint graph (encoder_outputs [1, D, T], targets [1, U], target_length [1] and states to "
    "scores [1, T, U, V] and states)"
)


@dataclass
class MergedPrediction:
    """Tokens for the prediction network to read, and its states before and, once scored, after them."""

    tokens: NDArray[np.int32]
    before: States
    after: States | None = None


@dataclass(frozen=True)
class MergedGraph:
    """A `TransducerGraph` of one graph, which runs both networks in every call."""

    net: Net
    states: tuple[Node, ...]
    blank: int
    quantised: bool

    @property
    def width(self) -> int | None:
        """See `TransducerGraph.width`."""
        return self.net.width

    @property
    def where(self) -> str:
        """See `TransducerGraph.where`."""
        return self.net.where

    def start(self) -> MergedPrediction:
        """See `TransducerGraph.start`: NeMo begins a text with the blank."""
        return self.along(())

    def after(self, written: Sequence[int], previous: MergedPrediction) -> MergedPrediction:
        """See `TransducerGraph.after`."""
        states = previous.after
        if states is None:  # not yet scored: read what came before as well
            return self.along(written)
        return MergedPrediction(np.array([[written[-1]]], np.int32), states)

    def along(self, targets: Sequence[int]) -> MergedPrediction:
        """See `TransducerGraph.along`."""
        tokens = np.array([[self.blank, *targets]], np.int32)
        return MergedPrediction(tokens, zero_states(self.states, where=self.where))

    def score(self, encoded: Encoded, prediction: MergedPrediction) -> NDArray[Any]:
        """See `TransducerGraph.score`."""
        tokens = prediction.tokens
        values = [encoded.T[np.newaxis], tokens, np.array([tokens.shape[1]]), *prediction.before]
        scores, *states = self.net.run(*values)
        prediction.after = tuple(states)
        first: NDArray[Any] = scores[0]
        return first


def merged_net(found: Roles) -> tuple[Net, tuple[Node, ...]]:
    """The roles of a decoder_joint graph by type and position, and its states.

    Raises:
        ModelError: if it is no such graph.
    """
    targets = [node for node in found.integers if len(node.shape) == 2]
    lengths = [node for node in found.integers if len(node.shape) == 1]
    encoded = next((node for node in found.floats if node.name == "encoder_outputs"), None) or next(
        iter(found.floats), None
    )
    states = tuple(node for node in found.floats if node is not encoded)
    scores = next((node for node in found.results if len(node.shape) in (0, 4)), None)
    after = tuple(node for node in found.results if node is not scores)
    fits = len(targets) == len(lengths) == 1 and len(found.integers) == 2 and states
    if encoded is None or scores is None or not fits or len(after) != len(states):
        raise found.refuse(_WANTED)
    return found.net((encoded, targets[0], lengths[0], *states), (scores, *after)), states


def merged_graph(session: onnxruntime.InferenceSession, path: Path, *, blank: int) -> MergedGraph:
    """Bind a decoder_joint graph.

    Raises:
        ModelError: if it is no such graph.
    """
    net, states = merged_net(roles(session, path))
    zero_states(states, where=str(path))
    return MergedGraph(net, states, blank, bool(quantised_operators(path)))
