"""From the path that a user gives to the model.toml that describes it."""

from __future__ import annotations

from pathlib import Path

from memaudit.errors import ModelError
from memaudit.models.description import Description, read_description

NAME = "model.toml"


def locate(path: Path) -> Description | None:
    """Read the description of ``path``, or give None where none was written.

    ``path`` is a model.toml, a folder with one (``model.toml`` or ``NAME.model.toml``), or a model file: then
    ``STEM.model.toml`` beside it is taken, else ``model.toml`` beside it.

    Raises:
        ModelError: if ``path`` does not exist, or two descriptions match.
    """
    if path.is_dir():
        found = _in_folder(path)
        return None if found is None else read_description(found)
    if not path.is_file():
        raise ModelError("no such file or folder", where=str(path), how="give a model file or its folder")
    if path.suffix.lower() == ".toml":
        return read_description(path)
    for candidate in (path.with_name(f"{path.stem}.{NAME}"), path.with_name(NAME)):
        if candidate.is_file():
            return read_description(candidate, model_file=path)
    return None


def _in_folder(folder: Path) -> Path | None:
    try:
        found = sorted(p for p in folder.iterdir() if p.name == NAME or p.name.endswith(f".{NAME}"))
    except OSError as error:
        raise ModelError(f"the folder cannot be read ({error.strerror})", where=str(folder)) from error
    if len(found) == 1:
        return found[0]
    if found:
        raise ModelError(
            f"{len(found)} descriptions: {', '.join(p.name for p in found)}",
            where=str(folder),
            how="give the one you mean",
        )
    return None
