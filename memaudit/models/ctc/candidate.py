"""What the families of single-graph CTC models share in recognising theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.model_files import Graph, ModelFiles, variant
from memaudit.models.ort.binding import Node
from memaudit.models.tokens.guess import token_table

# Graphs of front ends that onnx-asr's repositories carry beside the model.
_FRONT_ENDS = ("nemo80.onnx", "nemo128.onnx", "*preprocessor*.onnx")


@dataclass(frozen=True)
class Candidate:
    """A file that may be a family's one graph, opened.

    Attributes:
        files: what lies beside it.
        name: its name there.
        graph: its inputs, outputs and metadata.
    """

    files: ModelFiles
    name: str
    graph: Graph

    @property
    def metadata(self) -> Mapping[str, str]:
        """The exporter's metadata."""
        return self.graph.metadata

    def takes(self, *names: str) -> bool:
        """Whether its inputs are some of ``names``, the first among them, and no others."""
        given = {node.name for node in self.graph.inputs}
        return names[0] in given and given <= set(names)

    def tokens(self, *patterns: str, size: int | None) -> tuple[dict[str, Any], tuple[str, ...]]:
        """[tokens] for the token file beside the graph, and what was inferred.

        Args:
            patterns: its names, the likeliest first.
            size: V, where the graph says it.

        Raises:
            ModelError: if there is no token file, several match one pattern, or it cannot be read.
        """
        file = self.token_file(*patterns)
        if file is None:
            plain = " or ".join(pattern for pattern in patterns if "*" not in pattern)
            raise ModelError(
                f"no {plain} beside the model: its output cannot be read",
                where=str(self.files.folder / self.name),
                how="copy it from the export into the same folder, or write a model.toml",
            )
        return token_table(self.files.folder, file, size=size)

    def token_file(self, *patterns: str) -> str | None:
        """The token file: what the first pattern matches that matches any."""
        found = (self.files.one("token file", pattern) for pattern in patterns)
        return next((name for name in found if name is not None), None)


def candidate(files: ModelFiles, *patterns: str) -> Candidate | None:
    """The one graph that a family of single graphs can mean, or None.

    The user's own file; else, of the files that match ``patterns`` (and of all graphs where none does), the
    only one but for variants such as int8 of it.
    """
    name = files.chosen
    if name is None:
        name = _only(files, patterns)
    if name is None or not name.lower().endswith((".onnx", ".ort")):
        return None
    return Candidate(files, name, files.graph(name))


def _only(files: ModelFiles, patterns: tuple[str, ...]) -> str | None:
    front_ends = files.find(*_FRONT_ENDS)
    graphs = [name for name in files.find("*.onnx", "*.ort") if name not in front_ends]
    for several in ([name for name in graphs if name in files.find(*patterns)], graphs):
        if several and len({_stem(name) for name in several}) == 1:
            return files.one("model", *several)
    return None


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0].lower()
    found = variant(name)
    return stem if found is None else stem.replace(found, "").rstrip("._-")


def static(node: Node, axis: int) -> int | None:
    """The size of an axis where the graph fixes it."""
    return node.shape[axis] if -len(node.shape) <= axis < len(node.shape) else None
