"""A streaming CTC graph in onnxruntime: chunks of equal length, and a state from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.ort.binding import Node, listed, nodes
from memaudit.models.ort.session import run_session


@dataclass(frozen=True)
class ChunkedGraph:
    """signal [1, C, 1] of integers and state [1, D] to scores [1, T, V] and the next state, C samples at a
    time.

    An utterance is given one chunk of silence before and one after, and silence to the end of its last
    chunk; the scores of the first chunk are left out. So T-one's own pipeline does it, which was trained
    with that padding.
    """

    session: onnxruntime.InferenceSession
    where: str
    signal: Node
    state: Node
    chunk: int
    width: int
    outputs: tuple[str, str]

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`: a waveform [S] in the range of the graph's integers."""
        size, silence = self.chunk, np.zeros(self.chunk, np.float32)
        rest = np.zeros(-features.size % size, np.float32)
        wave = np.concatenate([silence, features, silence, rest]).astype(self.signal.dtype)
        state: NDArray[Any] = np.zeros((1, self.width), np.float32).astype(self.state.dtype)
        found: list[NDArray[Any]] = []
        for chunk in wave.reshape(-1, size):
            feeds = {self.signal.name: chunk[np.newaxis, :, np.newaxis], self.state.name: state}
            scores, state = run_session(self.session, self.outputs, feeds, where=self.where)
            found.append(scores)
        return np.concatenate(found[1:], axis=1), None

    def batch_scores(
        self,
        features: Sequence[NDArray[np.float32]],  # noqa: ARG002
    ) -> list[tuple[NDArray[Any], int | None]] | None:
        """None: the state is of one utterance."""
        return None


def chunked(session: onnxruntime.InferenceSession, *, where: str) -> ChunkedGraph:
    """Bind T-one's names.

    Raises:
        ModelError: if one is missing or has another shape.
    """
    taken, given = (nodes(found, where=where) for found in (session.get_inputs(), session.get_outputs()))
    by_name = {node.name: node for node in (*taken, *given)}
    missing = [name for name in ("signal", "state", "logprobs", "state_next") if name not in by_name]
    if missing:
        raise ModelError(
            f"has no {' and no '.join(missing)}", where=where, how=f"it has: {listed((*taken, *given))}"
        )
    signal, state = by_name["signal"], by_name["state"]
    chunk = signal.shape[1] if len(signal.shape) == 3 and signal.shape[2] == 1 and signal.is_integer else None
    width = state.shape[1] if len(state.shape) == 2 and state.is_float else None
    if not chunk or not width:
        raise ModelError(
            f"{signal.text} and {state.text} are not [batch, chunk, 1] integers and [batch, state] floats",
            where=where,
            how="export the model again",
        )
    return ChunkedGraph(session, where, signal, state, chunk, width, ("logprobs", "state_next"))
