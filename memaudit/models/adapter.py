"""What a model family tells the registry, and what its loader is given beside the description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from memaudit.files import sha256_file
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles
from memaudit.models.ort.pool import SessionPool
from memaudit.models.recognizer import Recognizer

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True)
class LoadOptions:
    """How the user wants a model loaded.

    Attributes:
        adapter: the adapter that was chosen.
        suffixes: the suffixes of its model files.
        trust_model: the user's word that code in the model may run.
        sessions: where graphs are opened; it knows the provider, and what detection opened already.
    """

    adapter: str
    suffixes: tuple[str, ...]
    trust_model: bool = False
    sessions: SessionPool = field(default_factory=SessionPool)

    def open(self, path: Path) -> onnxruntime.InferenceSession:
        """The session of a graph, on the user's provider.

        Raises:
            ModelError: if it is no ONNX model, or cannot run there.
        """
        return self.sessions.open(path)


@dataclass(frozen=True)
class Adapter:
    """A model family. Each module of `memaudit.models.families` has one, named ``ADAPTER``.

    Attributes:
        name: what ``--adapter`` and the key ``family`` of a model.toml say.
        summary: what it takes, in a few words.
        looks_for: the files and the signature that it is known by, in one line.
        load: gives the recogniser that a description describes.
        detect: writes the description of a model that has none, or gives None where the files are another
            family's; left out, the family needs a model.toml.
        suffixes: of its model files.
        runtime: what runs it; torch runs on the CPU only.
    """

    name: str
    summary: str
    looks_for: str
    load: Callable[[Description, LoadOptions], Recognizer]
    detect: Callable[[ModelFiles], Detected | None] | None = None
    suffixes: tuple[str, ...] = (".onnx", ".ort")
    runtime: Literal["onnxruntime", "torch"] = "onnxruntime"


def hashed(paths: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """(name, sha256) of each file, as `ModelInfo.files` has them."""
    return tuple((path.name, sha256_file(path)) for path in paths)
