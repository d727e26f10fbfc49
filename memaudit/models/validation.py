"""Tables of a model.toml checked by pydantic, and its complaints put into one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from memaudit.errors import ModelError

M = TypeVar("M", bound=BaseModel)


class Table(BaseModel):
    """A table that takes its own keys only, each of exactly its type."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False
    )


def validated(model: type[M], table: Mapping[str, Any], *, where: str, key: str = "") -> M:
    """``table`` as ``model``.

    Args:
        model: the pydantic model of the table.
        table: what the file says.
        where: the file.
        key: the table's own key in that file, such as "front_end"; empty for the whole file.

    Raises:
        ModelError: naming file, key, value and what is allowed, for the first thing that is wrong.
    """
    try:
        return model.model_validate(dict(table))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(part for part in (key, *_path(table, first["loc"])) if part)
        raise _complaint(model, dict(first), where=where, name=name) from error


def by_kind(
    registry: Mapping[str, str], table: Mapping[str, Any], *, where: str, key: str, default: str | None = None
) -> Any:
    """``table`` as the model that its ``kind`` names in ``registry`` (kind -> "module:Class", imported now).

    Raises:
        ModelError: if the kind is missing or unknown, or the table does not fit its model.
    """
    kind = table.get("kind", default)
    allowed = ", ".join(repr(name) for name in sorted(registry))
    if kind is None:
        raise ModelError(f"missing key '{key}.kind'", where=where, how=f"set it to one of {allowed}")
    if not isinstance(kind, str) or kind not in registry:
        raise ModelError(f"{key}.kind = {_short(kind)} is unknown", where=where, how=f"allowed: {allowed}")
    return validated(resolve_name(registry[kind]), table, where=where, key=key)


def _path(table: Any, location: Sequence[int | str]) -> Iterator[str]:
    """The keys of ``location`` that are in the file; pydantic adds the branches of unions to them."""
    for part in location:
        if isinstance(table, Mapping):
            table = table.get(part)
        elif isinstance(table, list) and isinstance(part, int):
            table = table[part]
        else:
            return
        yield str(part)


def _complaint(model: type[BaseModel], error: Mapping[str, Any], *, where: str, name: str) -> ModelError:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(field.alias or key for key, field in model.model_fields.items())
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        guess = f"did you mean '{close[0]}'? " if close else ""
        return ModelError(
            f"unknown key '{name}'", where=where, how=f"{guess}allowed keys: {', '.join(known)}"
        )
    if kind == "missing":
        return ModelError(f"missing key '{name}'", where=where, how="add it")
    if kind == "value_error":
        return ModelError(f"'{name}': {context['error']}" if name else str(context["error"]), where=where)
    value = _short(error["input"])
    if kind == "literal_error":
        return ModelError(f"'{name}' is {value}", where=where, how=f"allowed: {context['expected']}")
    reason = str(error["msg"]).removeprefix("Input ")
    return ModelError(f"'{name}' is {value}, but {reason}", where=where)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
