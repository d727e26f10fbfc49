"""What lies in the folder of a model, for the families to recognise their own by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.ort.binding import Node, nodes
from memaudit.models.ort.pool import SessionPool
from memaudit.reading import read_text

# How exporters mark a variant of a graph in its name: model.int8.onnx, decoder_model_quantized.onnx.
_VARIANT = re.compile(r"(?i)[._-](int8|uint8|quantized|quant|fp16|float16|bnb4|q4|q4f16|q8)(?=[._-]|$)")


@dataclass(frozen=True)
class Graph:
    """What an ONNX graph says of itself.

    Attributes:
        inputs: in the graph's order.
        outputs: in the graph's order.
        metadata: the exporter's custom metadata; empty for most.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    metadata: Mapping[str, str]

    def input(self, name: str) -> Node | None:
        """The input of that name, or None."""
        return next((node for node in self.inputs if node.name == name), None)

    def output(self, name: str) -> Node | None:
        """The output of that name, or None."""
        return next((node for node in self.outputs if node.name == name), None)


@dataclass(frozen=True)
class ModelFiles:
    """The files beside a model that no model.toml describes.

    Attributes:
        given: the file or folder that the user named.
        folder: what names are relative to: the folder itself, or the one above where ``onnx/`` was named.
        names: posix names of the files in it and in its folder ``onnx``, sorted.
        sessions: where graphs are opened.
    """

    given: Path
    folder: Path
    names: tuple[str, ...]
    sessions: SessionPool = field(repr=False)

    @property
    def chosen(self) -> str | None:
        """The name of the file that the user gave, or None where it was a folder."""
        return None if self.given.is_dir() else self.given.relative_to(self.folder).as_posix()

    def find(self, *patterns: str) -> tuple[str, ...]:
        """The names that match one of the shell patterns, whatever their case.

        A pattern without a slash is held against the last part of a name.
        """
        return tuple(name for name in self.names if any(_matches(name, pattern) for pattern in patterns))

    def one(self, role: str, *patterns: str) -> str | None:
        """The one file for a role, or None.

        Of several, the user's own is taken; else the one of the same variant (such as ``int8``) as the
        user's own file; else the only one that is not quantised or of half precision.

        Raises:
            ModelError: naming them, if that does not decide.
        """
        found = self.find(*patterns)
        if self.chosen is not None and self.chosen in found:
            return self.chosen
        wanted = None if self.chosen is None else variant(self.chosen)
        alike = [name for name in found if variant(name) == wanted]
        for several in (found, alike):
            if len(several) == 1:
                return several[0]
        if not found:
            return None
        raise ModelError(
            f"{len(found)} files could be its {role}: {', '.join(found)}",
            where=str(self.folder),
            how="give the file that you mean, or name it under [files] of a model.toml",
        )

    def graph(self, name: str) -> Graph:
        """The inputs, outputs and metadata of a graph.

        Raises:
            ModelError: if it is no ONNX model or cannot run here.
        """
        path = self.folder / name
        session = self.sessions.open(path)
        where = str(path)
        return Graph(
            nodes(session.get_inputs(), where=where),
            nodes(session.get_outputs(), where=where),
            dict(session.get_modelmeta().custom_metadata_map),
        )

    def text(self, name: str) -> str:
        """A text file; `ModelError` if it cannot be read or is not UTF-8."""
        path = self.folder / name
        try:
            return read_text(path, "utf-8-sig")
        except OSError as error:
            raise ModelError(f"cannot be read ({error.strerror})", where=str(path)) from error
        except UnicodeDecodeError as error:
            raise ModelError("is not UTF-8 text", where=str(path)) from error

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file that holds an object; `ModelError` if it does not."""
        try:
            value = json.loads(self.text(name))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"is no JSON ({error})", where=str(self.folder / name)) from error
        if not isinstance(value, dict):
            raise ModelError("is not a JSON object", where=str(self.folder / name))
        return value


def variant(name: str) -> str | None:
    """What a file's name says of its precision, such as "int8"; None where it says nothing."""
    found = _VARIANT.search(name)
    return found[1].lower() if found else None


def model_files(given: Path, sessions: SessionPool) -> ModelFiles:
    """List what lies beside a model.

    Raises:
        ModelError: if the path does not exist or its folder cannot be read.
    """
    folder = given if given.is_dir() else given.parent
    if folder.name == "onnx" and any(
        (folder.parent / name).is_file() for name in ("config.json", "vocab.json", "tokenizer.json")
    ):
        folder = folder.parent
    try:
        names = [path.name for path in folder.iterdir() if path.is_file()]
        below = folder / "onnx"
        if below.is_dir():
            names += [f"onnx/{path.name}" for path in below.iterdir() if path.is_file()]
    except OSError as error:
        raise ModelError(f"the folder cannot be read ({error.strerror})", where=str(folder)) from error
    return ModelFiles(given, folder, tuple(sorted(names)), sessions)


def _matches(name: str, pattern: str) -> bool:
    name, pattern = name.lower(), pattern.lower()
    return fnmatch(name if "/" in pattern else name.rpartition("/")[2], pattern)
