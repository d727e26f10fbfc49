"""Graphs that have been opened, so that what detection looked at is not loaded a second time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime

from memaudit.models.ort.files import external_files
from memaudit.models.ort.session import open_session


@dataclass(frozen=True)
class SessionPool:
    """Sessions by file, all on one provider.

    Attributes:
        provider: memaudit's name of the onnxruntime execution provider.
    """

    provider: str = "cpu"
    _open: dict[Path, onnxruntime.InferenceSession] = field(default_factory=dict, repr=False, compare=False)

    def open(self, path: Path) -> onnxruntime.InferenceSession:
        """The session of a graph.

        Raises:
            UsageError: if this onnxruntime does not have the provider.
            ModelError: if it is no ONNX model, a file with its weights is missing, or it cannot run there.
        """
        key = path.resolve()
        if key not in self._open:
            external_files(path)  # named better than by the runtime where one is missing
            self._open[key] = open_session(path, provider=self.provider)
        return self._open[key]
