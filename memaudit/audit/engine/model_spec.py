"""How a process finds and loads the model, told in a few words that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memaudit.models.recognizer import BatchRecognizer, ModelInfo, Recognizer

#: What a model that is a function begins with.
PYTHON = "python:"


@dataclass(frozen=True)
class ModelSpec:
    """A model that has not been loaded yet.

    Attributes:
        model: path of a model file, model.toml or folder; or "python:module:function".
        adapter: the family's name where it cannot be told from the files.
        trust_model: the user's word that a model file that is code may run.
        provider: where it runs.
    """

    model: str
    adapter: str | None = None
    trust_model: bool = False
    provider: str = "cpu"

    @property
    def is_function(self) -> bool:
        """Whether the model is a Python function of the user's."""
        return self.model.startswith(PYTHON)

    def recorded(self, info: ModelInfo) -> ModelInfo:
        """``info`` with the provider, as results name it; a function's device is its own affair."""
        if self.is_function:
            return info
        return replace(info, decoder={**info.decoder, "provider": self.provider})

    def load(self) -> Recognizer | BatchRecognizer:
        """Load the model in this process.

        Raises:
            UsageError, ModelError, UntrustedModelError, MissingExtraError: see
                `memaudit.models.registry.load_recognizer` and `memaudit.models.bulk.python_function`.
        """
        # Imported here, in the process that hears: the one that only asks has no use for a runtime.
        if self.is_function:
            from memaudit.models.bulk.python_function import load_function

            return load_function(self.model.removeprefix(PYTHON), self.adapter, self.provider)
        from memaudit.models.registry import load_recognizer

        return load_recognizer(
            Path(self.model), adapter=self.adapter, trust_model=self.trust_model, provider=self.provider
        )
