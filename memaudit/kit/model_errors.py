"""What pydantic found wrong, as a place, a clause and what would be allowed."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo


def first_fault(error: ValidationError, model: type[BaseModel]) -> tuple[str, str, str]:
    """The first fault of ``error`` as (dotted key, what is wrong, what is allowed).

    What is allowed comes from the field's description.
    """
    faults = error.errors(include_url=False)
    fault = faults[0]
    names = [part for part in fault["loc"] if isinstance(part, str)]
    owner, field, key = _find(model, names)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        allowed = [_alias(name, info) for name, info in owner.model_fields.items()]
        near = difflib.get_close_matches(names[-1], allowed, n=3)
        return ".".join(names), f"there is no such key{more}", "allowed: " + ", ".join(near or allowed)
    if fault["type"] == "missing" and isinstance(fault["loc"][-1], str):  # else an item of a list is missing
        return ".".join(key), f"is missing{more}", _allowed(field)
    value = _short(fault["input"])
    why = f" ({fault['ctx']['error']})" if fault["type"] == "value_error" else ""
    return f"{'.'.join(key)} = {value}" if key else value, f"is not allowed{why}{more}", _allowed(field)


def _find(model: type[BaseModel], names: list[str]) -> tuple[type[BaseModel], FieldInfo | None, list[str]]:
    """The model and field that a location names, and the part of the location that names fields."""
    field, key = None, []
    for name in names:
        found = {_alias(own, info): info for own, info in model.model_fields.items()}.get(name)
        if found is None:
            break
        field = found
        key.append(name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return model, field, key


def _alias(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _allowed(field: FieldInfo | None) -> str:
    return f"allowed: {field.description}" if field is not None and field.description else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
