"""One graph as a function: its inputs and outputs in the order of their roles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.ort.binding import Node, listed, nodes
from memaudit.models.ort.session import run_session


@dataclass(frozen=True)
class Net:
    """A graph whose roles have been bound.

    Attributes:
        session: the graph.
        where: its file.
        inputs: what it takes, in the order of `run`'s arguments.
        outputs: the names of what it gives, in the order of `run`'s result.
        width: size of the last axis of its first output, or None where the graph leaves it open.
    """

    session: onnxruntime.InferenceSession
    where: str
    inputs: tuple[Node, ...]
    outputs: tuple[str, ...]
    width: int | None = None

    def run(self, *values: NDArray[Any]) -> list[NDArray[Any]]:
        """Run it once, each value cast to its input's type; `ModelError` if it fails."""
        feeds = {
            node.name: value.astype(node.dtype, copy=False)
            for node, value in zip(self.inputs, values, strict=True)
        }
        return run_session(self.session, self.outputs, feeds, where=self.where)


@dataclass(frozen=True)
class Roles:
    """The inputs and outputs of a graph, sorted by type: exporters agree on those more than on names.

    Attributes:
        where: its file.
        floats: inputs of floats, in the graph's order.
        integers: inputs of integers.
        results: outputs of floats.
    """

    session: onnxruntime.InferenceSession
    where: str
    floats: tuple[Node, ...]
    integers: tuple[Node, ...]
    results: tuple[Node, ...]

    def refuse(self, wanted: str) -> ModelError:
        """What to raise where the graph is not ``wanted``."""
        given = listed((*self.floats, *self.integers))
        return ModelError(
            f"is not {wanted}",
            where=self.where,
            how=f"it takes {given} and gives {listed(self.results)}; check [files] of its model.toml",
        )

    def net(self, inputs: tuple[Node, ...], outputs: tuple[Node, ...]) -> Net:
        """The graph as a function of ``inputs``."""
        width = outputs[0].shape[-1] if outputs[0].shape else None
        return Net(self.session, self.where, inputs, tuple(node.name for node in outputs), width)


def roles(session: onnxruntime.InferenceSession, path: Path) -> Roles:
    """The inputs and outputs of a graph by type.

    Raises:
        ModelError: if it takes something that is neither floats nor integers.
    """
    where = str(path)
    given, results = (nodes(found, where=where) for found in (session.get_inputs(), session.get_outputs()))
    floats = tuple(node for node in given if node.is_float)
    integers = tuple(node for node in given if node.is_integer)
    found = Roles(session, where, floats, integers, tuple(node for node in results if node.is_float))
    if len(floats) + len(integers) != len(given) or not found.results:
        raise found.refuse("a network of a transducer")
    return found


def zero_states(states: tuple[Node, ...], *, where: str) -> tuple[NDArray[np.float32], ...]:
    """The states of a recurrent network before its first token: zeros [layers, 1, H].

    Raises:
        ModelError: if the graph leaves layers or H open.
    """
    made = []
    for node in states:
        if len(node.shape) != 3 or node.shape[0] is None or node.shape[2] is None:
            raise ModelError(
                f"the state {node.text} is not [layers, batch, size] with layers and size given",
                where=where,
                how="export it with a free batch axis only",
            )
        made.append(np.zeros((node.shape[0], 1, node.shape[2]), np.float32))
    return tuple(made)
