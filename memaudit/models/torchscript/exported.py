"""A program of torch.export: opening it, and what it says of its arguments."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memaudit.errors import ModelError
from memaudit.models.torchscript.run import require_torch, short_reason

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Argument:
    """One tensor that a program takes.

    Attributes:
        name: the name it was exported by.
        dtype: its element type.
        shape: its axes, a number where the export fixed it, else None.
    """

    name: str
    dtype: torch.dtype
    shape: tuple[int | None, ...]

    @property
    def text(self) -> str:
        """Name, type and shape, for messages."""
        axes = ", ".join("any" if axis is None else str(axis) for axis in self.shape)
        return f"{self.name} {str(self.dtype).removeprefix('torch.')} [{axes}]"


class Program:
    """A program whose tensors are given by name, whichever way it was exported."""

    def __init__(self, program: torch.export.ExportedProgram, module: torch.nn.Module, *, where: str) -> None:
        """Read the signature; `ModelError` if it takes something other than tensors."""
        self._module = module
        positional, keywords = program.call_spec.in_spec.children()
        names = [*program.graph_signature.user_inputs]
        flat = len(names) == positional.num_children + keywords.num_children
        values = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
        tensors = [values.get(name) for name in names if isinstance(name, str)]
        if not flat or any(getattr(value, "shape", None) is None for value in tensors):
            raise ModelError(
                "takes something other than tensors",
                where=where,
                how="export a module whose forward takes features and at most their length",
            )
        self._positional = names[: positional.num_children]
        self._keywords = list(keywords.context or ())
        named = [*self._positional, *self._keywords]
        self.arguments = tuple(_argument(name, value) for name, value in zip(named, tensors, strict=True))

    def __call__(self, **tensors: Any) -> Any:
        """Run it on the tensors, cast to the types and ranks that it was exported with."""
        given = {
            one.name: tensors[one.name]
            .to(one.dtype)
            .reshape(() if not one.shape else tensors[one.name].shape)
            for one in self.arguments
        }
        positional = [given[name] for name in self._positional]
        return self._module(*positional, **{name: given[name] for name in self._keywords})


def open_program(path: Path) -> Program:
    """Load a program for inference, on one thread.

    Raises:
        MissingExtraError: if torch is not installed.
        ModelError: if the file has no program, or torch of this version cannot read it.
    """
    require_torch("a torch.export program")
    import torch

    try:
        with warnings.catch_warnings(), _silent("torch.export"):
            warnings.simplefilter("ignore")
            program = torch.export.load(str(path))
            module = program.module()
    except Exception as error:  # unpickling and building a graph may raise anything
        raise ModelError(
            f"torch {torch.__version__} cannot load it as a torch.export program ({short_reason(error)})",
            where=str(path),
            how="save it with torch.export.save, with the same release of torch, or export the model to ONNX",
        ) from error
    return Program(program, module, where=str(path))


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """torch logs the whole traceback of what it raises, too."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _argument(name: str, value: Any) -> Argument:
    return Argument(name, value.dtype, tuple(axis if isinstance(axis, int) else None for axis in value.shape))
