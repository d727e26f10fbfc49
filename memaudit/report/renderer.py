"""One rendering of results a file, behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from memaudit.audit.results import Results
from memaudit.errors import UsageError
from memaudit.files import write_text


class Renderer(Protocol):
    """Makes a document from results alone."""

    file_name: str

    def render(self, results: Results) -> str:
        """The whole document."""
        ...


# name -> module with a `RENDERER`; imported when asked for, since plots are slow to import.
RENDERERS = {
    "html": "memaudit.report.html",
    "json": "memaudit.report.json_document",
}


def renderer(name: str) -> Renderer:
    """The renderer of that name.

    Raises:
        UsageError: if there is none.
    """
    if name not in RENDERERS:
        raise UsageError(
            f"{name!r} is no report format", how=f"use one or more of {', '.join(sorted(RENDERERS))}"
        )
    found: Renderer = import_module(RENDERERS[name]).RENDERER
    return found


def write_reports(
    results: Results, names: list[str], folder: Path, note: Callable[[str], None] | None = None
) -> list[Path]:
    """Write each format into ``folder``; every name is checked before the first file is written.

    Raises:
        UsageError: if a name is unknown.
        OutputError: if a file cannot be written.
    """
    chosen = [renderer(name) for name in dict.fromkeys(names)]
    documents = [(folder / item.file_name, item.render(results)) for item in chosen]
    for path, text in documents:
        write_text(path, text)
        if note is not None:
            note(f"wrote {path}")
    return [path for path, _ in documents]
