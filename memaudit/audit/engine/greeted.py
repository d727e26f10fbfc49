"""What every engine knows of its model from the greeting of whoever loaded it first."""

from __future__ import annotations

from abc import ABC, abstractmethod

from memaudit.audit.engine.wire import Loaded
from memaudit.models.recognizer import ModelInfo


class Greeted(ABC):
    """The part of `work.Engine` that a greeting answers. Each property waits for it."""

    @abstractmethod
    def _greeting(self) -> Loaded:
        """The first greeting; waits for it, and raises what loading raised."""

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        return self._greeting().info

    @property
    def sample_rate(self) -> int:
        """The rate in Hz that the model hears at."""
        return self._greeting().sample_rate

    @property
    def unit(self) -> int | None:
        """See `work.Engine.unit`."""
        return self._greeting().unit
