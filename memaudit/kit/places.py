"""Where a file that a recipe names is looked for."""

from __future__ import annotations

from pathlib import Path

from memaudit.reading import is_file


def find_beside(name: str, folder: Path) -> Path:
    """``name`` in ``folder``, or, if there is no such file, in the current folder.

    A recipe's own files lie beside it; what ``--set`` names is written as seen from the current folder.
    """
    path = folder / name
    return path if is_file(path) or not is_file(Path(name)) else Path(name)
