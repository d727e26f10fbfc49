"""Two CSV tables (RFC 4180, UTF-8): a row a cell, and a row an utterance.

Column names are the keys of results.json and utterances.jsonl, joined with underscores where they are nested;
a row of an inserted canary has its exposure besides. Figures are whole, null is empty. A text that a
spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"), and one too long
for a spreadsheet's cell is cut, so these tables are for reading: results.json and utterances.jsonl are the
record.
"""

from __future__ import annotations

import csv
import io
import re
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from memaudit.audit.audit import utterances_beside
from memaudit.audit.canary_exposure import canary_exposures
from memaudit.audit.cells import FPRS
from memaudit.audit.results import Cell, TprSummary
from memaudit.audit.sheet import sheets
from memaudit.audit.utterances import Utterance
from memaudit.errors import ResultsError
from memaudit.report.plain import plain
from memaudit.report.renderer import Material

CELLS, UTTERANCES = "cells.csv", "utterances.csv"
EXPOSURE = "exposure"
"""The column beside those of utterances.jsonl: an inserted canary's own exposure in bits."""

LONGEST = 32_000
"""Characters of a text; a cell of Excel holds 32,767, and Python's reader 131,072."""

# Where a cell would begin with one of these: at the front, blanks aside, and after a semicolon, at which
# spreadsheets of many languages split whatever the file's own separator is.
_FORMULA = re.compile(r"(^|;)(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


class CsvTables:
    """For a spreadsheet or a notebook."""

    def documents(self, material: Material) -> dict[str, str]:
        """Both tables.

        Raises:
            ResultsError: if the utterances are not beside the results.
        """
        if material.folder is None:
            raise ResultsError("utterances.jsonl is needed for CSV", how="give the folder that score wrote")
        cells = sorted(material.results.cells, key=lambda cell: (cell.speed, cell.repetitions))
        rows = utterances_beside(material.results, material.folder)
        by_speed, _ = sheets(rows, material.results.kit.commitment)
        bits = {name: value for sheet in by_speed.values() for name, value in canary_exposures(sheet).items()}
        return {
            CELLS: _table(list(_columns(Cell)), (dict(_values(cell)) for cell in cells)),
            UTTERANCES: _table(
                [*Utterance.model_fields, EXPOSURE],
                ({**row.model_dump(), EXPOSURE: bits.get(row.id)} for row in rows),
            ),
        }


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line and not too long.

    >>> neutral("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    """
    return _FORMULA.sub(r"\1'\2", plain(text, LONGEST))


def _table(columns: list[str], rows: Iterable[dict[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _field(value) for name, value in row.items()})
    return stream.getvalue()


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else repr(value)


def _columns(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Column names of a model, whether or not its optional parts are there."""
    for name, field in model.model_fields.items():
        nested = _model_of(field.annotation)
        if name == "tpr_at_fpr":
            for rate in FPRS:
                yield from _columns(TprSummary, f"{prefix}{name}_{rate:g}_")
        elif nested is None:
            yield prefix + name
        else:
            yield from _columns(nested, f"{prefix}{name}_")


def _values(part: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name == "tpr_at_fpr":
            for item in value:
                yield from _values(item, f"{prefix}{name}_{item.fpr:g}_")
        elif isinstance(value, BaseModel):
            yield from _values(value, f"{prefix}{name}_")
        elif _model_of(type(part).model_fields[name].annotation) is None:
            yield prefix + name, value


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model behind an annotation such as ``Model | None``."""
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


RENDERER = CsvTables()
