"""One rendering of results a file, behind one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Protocol

from memaudit.audit.results import Results
from memaudit.errors import UsageError
from memaudit.files import write_text


@dataclass(frozen=True)
class GatePlace:
    """Where a gate stands in the user's configuration.

    ``gate`` as it was written, ``file`` a path relative to the working folder with forward slashes, ``line``
    counted from 1.
    """

    gate: str
    file: str
    line: int


@dataclass(frozen=True)
class Material:
    """What the reports of an audit are made from: its results, and where those stand.

    Attributes:
        results: everything that was found.
        folder: where results.json and utterances.jsonl lie; None where they are on no disk.
        places: the gates of the user's configuration.
    """

    results: Results
    folder: Path | None = None
    places: tuple[GatePlace, ...] = ()


class Renderer(Protocol):
    """Makes the documents of one format."""

    def documents(self, material: Material) -> dict[str, str]:
        """File name -> whole text, every name plain and of this format alone."""
        ...


class OneFile(ABC):
    """A format of one file, made from results alone."""

    file_name: ClassVar[str]

    @abstractmethod
    def render(self, results: Results) -> str:
        """The whole document."""

    def documents(self, material: Material) -> dict[str, str]:
        """The one document under its name."""
        return {self.file_name: self.render(material.results)}


# name -> module with a `RENDERER`; imported when asked for, since plots are slow to import.
RENDERERS = {
    "csv": "memaudit.report.csv_tables",
    "gitlab": "memaudit.report.code_quality",
    "html": "memaudit.report.html",
    "in-toto": "memaudit.report.in_toto",
    "json": "memaudit.report.json_document",
    "junit": "memaudit.report.junit",
    "markdown": "memaudit.report.markdown",
    "model-card": "memaudit.report.model_card",
    "sarif": "memaudit.report.sarif",
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
    results: Results,
    names: Sequence[str],
    folder: Path,
    note: Callable[[str], None] | None = None,
    *,
    beside: Path | None = None,
    places: Sequence[GatePlace] = (),
) -> list[Path]:
    """Write each format into ``folder``; everything is rendered before the first file is written.

    Args:
        results: of the audit.
        names: of the formats.
        folder: for the reports.
        note: told of each file.
        beside: the folder of results.json and utterances.jsonl, where that is another one.
        places: where the user's configuration holds gates.

    Raises:
        UsageError: if a name is unknown.
        ResultsError: if a format needs the utterances and they are not there.
        OutputError: if a file cannot be written.
    """
    material = Material(results, beside or folder, tuple(places))
    chosen = [renderer(name) for name in dict.fromkeys(names)]
    documents = [
        (folder / file_name, text) for item in chosen for file_name, text in item.documents(material).items()
    ]
    for path, text in documents:
        write_text(path, text)
        if note is not None:
            note(f"wrote {path}")
    return [path for path, _ in documents]
