"""A model.toml written of a model that has been loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from memaudit.errors import OutputError
from memaudit.files import write_text
from memaudit.models.adapter import Adapter
from memaudit.models.description import Description
from memaudit.models.locate import NAME
from memaudit.models.recognizer import ModelInfo


def complete_table(adapter: Adapter, description: Description, info: ModelInfo) -> dict[str, Any]:
    """The whole content of a model.toml: what was described or detected, every option of the front end given.

    Args:
        adapter: the family.
        description: what it was loaded by.
        info: what was loaded, for the model's file where the description leaves it to the folder.

    Raises:
        ModelError: if the description's front end is wrong.
    """
    table = description.table.model_dump(mode="json", by_alias=True, exclude_none=True)
    if description.table.front_end is not None:
        table["front_end"] = description.front_end().describe()
    if not table["files"]:
        model = next(name for name, _ in info.files if Path(name).suffix.lower() in adapter.suffixes)
        table["files"] = {"model": model}
    table["family"] = adapter.name
    first = ("schema", "family", "files", "front_end", "tokens", "inputs", "outputs", "decoder")
    return {key: _without_nulls(table[key]) for key in first if table.get(key)}


def place_for(path: Path, description: Description) -> Path:
    """Where the model.toml of ``path`` belongs, so that naming ``path`` again finds it.

    That is beside the model: ``model.toml`` where the user named a folder (or a file of that stem), else
    ``STEM.model.toml``, since the folder may hold another model. A description that was read stays where it
    is.
    """
    if description.files:
        return description.path
    stem = "model" if path.is_dir() else path.stem
    return description.folder / (NAME if stem == "model" else f"{stem}.{NAME}")


def write_description(place: Path, table: dict[str, Any], *, force: bool = False) -> None:
    """Write a model.toml, whole or not at all.

    Raises:
        OutputError: if it is there already and ``force`` is False, or the place cannot be written.
    """
    if place.exists() and not force:
        raise OutputError("is there already", where=str(place), how="give --force to write it anew")
    write_text(place, tomli_w.dumps(table))


def _without_nulls(value: Any) -> Any:
    """TOML has no null: a key that is left out stands for it."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value
