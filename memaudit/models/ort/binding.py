"""Which input or output of a graph plays which role: by name where one is given, else by type and shape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memaudit.errors import ModelError

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}


@dataclass(frozen=True)
class Node:
    """One input or output of a graph.

    Attributes:
        name: its name in the graph.
        dtype: its element type, None where numpy has none that is used here.
        shape: its axes, a number where the graph fixes it and else None; () also where the rank is unknown.
        text: name, type and shape as the graph gives them, for messages.
    """

    name: str
    dtype: type[np.generic] | None
    shape: tuple[int | None, ...]
    text: str

    @property
    def is_float(self) -> bool:
        """True for half, single and double floats."""
        return self.dtype is not None and issubclass(self.dtype, np.floating)

    @property
    def is_integer(self) -> bool:
        """True for 32- and 64-bit integers."""
        return self.dtype is not None and issubclass(self.dtype, np.integer)


def nodes(arguments: Iterable[Any], *, where: str) -> tuple[Node, ...]:
    """The inputs or outputs of a session, from its get_inputs() or get_outputs().

    Raises:
        ModelError: if a name in the graph is no text: onnxruntime reads names only when they are asked for.
    """
    try:
        return tuple(_node(argument) for argument in arguments)
    except UnicodeDecodeError as error:
        raise ModelError(
            "a name of an input, output or axis is not UTF-8", where=where, how="export the model again"
        ) from error


def _node(argument: Any) -> Node:
    axes = tuple(argument.shape or ())
    kind = argument.type.removeprefix("tensor(").removesuffix(")")
    text = f"{argument.name} {kind} [{', '.join(str(axis) for axis in axes)}]"
    shape = tuple(axis if isinstance(axis, int) else None for axis in axes)
    return Node(argument.name, _DTYPES.get(argument.type), shape, text)


def listed(candidates: Sequence[Node]) -> str:
    """The nodes in one line, for messages."""
    return ", ".join(node.text for node in candidates) or "none"


def pick(
    candidates: Sequence[Node],
    *,
    key: str,
    named: str | None,
    fits: Callable[[Node], bool],
    usual: Collection[str],
    where: str,
) -> Node | None:
    """The node that plays one role.

    Args:
        candidates: the graph's inputs, or its outputs.
        key: the role's key in model.toml, such as "inputs.features".
        named: what model.toml says under that key.
        fits: whether type and shape allow the role.
        usual: names that decide between several that fit.
        where: the model file.

    Returns:
        The node, or None where none fits.

    Raises:
        ModelError: if the named one does not exist, or several fit and the usual names do not decide.
    """
    if named is not None:
        for node in candidates:
            if node.name == named:
                return node
        raise ModelError(
            f"has no '{named}', which '{key}' names", where=where, how=f"it has: {listed(candidates)}"
        )
    fitting = [node for node in candidates if fits(node)]
    preferred = [node for node in fitting if node.name.lower() in usual]
    for choice in (fitting, preferred):
        if len(choice) == 1:
            return choice[0]
    if not fitting:
        return None
    raise ModelError(
        f"several could be '{key}': {listed(fitting)}", where=where, how=f"set '{key}' in model.toml"
    )
