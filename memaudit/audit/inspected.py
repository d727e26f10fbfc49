"""The inspection of a model that an engine has loaded, done where it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memaudit.audit.engine.work import Engine
from memaudit.models.inspection import Inspection, inspect
from memaudit.models.quantised import quantised_files
from memaudit.models.recognizer import Traceable


def inspection_of(engine: Engine, model: str) -> Inspection | None:
    """What the model does on made-up audio; None where only its answers can be seen: a function, a program.

    Args:
        engine: with no run under way.
        model: as the user named it.

    Raises:
        AudioError, TokenError, ModelError: if the model fails: it would on every utterance.
    """
    if engine.sample_rate is None:
        return None
    document = engine.call(f"{__name__}:inspect_here", model)
    return None if document is None else Inspection.model_validate(document)


def inspect_here(recognizer: Any, model: str) -> dict[str, Any] | None:
    """The inspection as JSON values, in the process that has the model."""
    if not isinstance(recognizer, Traceable):
        return None
    names = [name for name, _ in recognizer.info.files]  # type: ignore[attr-defined]
    found = inspect(recognizer, quantised=quantised_files(Path(model), names))  # type: ignore[arg-type]
    return found.model_dump(mode="json")
