"""Every key of a document, from the pydantic model that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel


def key_paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """``cells.accuracy_gap.low``: the path of every key, lists left out."""
    for name, field in model.model_fields.items():
        path = f"{above}.{field.alias or name}".lstrip(".")
        yield path
        for inner in _models(field.annotation):
            yield from key_paths(inner, path)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)
