"""Fields of a manifest's line, with errors that name the line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.raw_lines import text_lines

#: What trainers call the text, in the order in which it is looked for.
TEXT_FIELDS = ("text", "transcription", "transcript", "sentence", "normalized_text", "wrd", "words", "txt")

Row = Mapping[str, Any]


def parse_object(line: str, where: str) -> dict[str, Any]:
    """A line that must hold a JSON object.

    Raises:
        ManifestError: if it does not.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = f" ({error})" if isinstance(error, ValueError) else ""
        raise ManifestError(f"is no JSON{reason}", where=where, how="mend or remove that line") from error
    if not isinstance(value, dict):
        raise ManifestError("is no JSON object", where=where, how="write one object a line")
    return value


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and objects of a file with a JSON object a line.

    Raises:
        ManifestError: naming the line that is none.
    """
    for number, line in text_lines(path):
        yield number, parse_object(line, f"{path}:{number}")


def require_text(row: Row, name: str, where: str) -> str:
    """A field that must be there and hold a text that is not empty.

    Raises:
        ManifestError: if it does not.
    """
    value = row.get(name)
    if not isinstance(value, str) or not value:
        what = f"{name} is {value!r}, no text" if name in row else f"has no {name}"
        raise ManifestError(what, where=where, how="mend that line, or give the --format that it has")
    return value


def seconds(row: Row, name: str, where: str) -> float | None:
    """A number of seconds, or None where the field is missing, null or empty.

    Raises:
        ManifestError: if it is no number of seconds.
    """
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ManifestError(
            f"{name} is {value!r}, no number of seconds", where=where, how="mend or remove that line"
        )
    return number


def text_field(names: Mapping[str, Any] | list[str], wanted: str | None) -> str | None:
    """What a manifest with these field names calls the text: the wanted name, or the first usual one."""
    if wanted is not None:
        return wanted if wanted in names else None
    return next((name for name in TEXT_FIELDS if name in names), None)


def text_of(row: Row, wanted: str | None, where: str) -> str | None:
    """The text of a line; None where it has none.

    Raises:
        ManifestError: if the wanted field is missing, or the text is of another type.
    """
    name = text_field(row, wanted)
    if name is None:
        if wanted is None:
            return None
        raise ManifestError(
            f"has no field {wanted}", where=where, how=f"give --text-field one of: {', '.join(map(str, row))}"
        )
    value = row[name]
    if value is not None and not isinstance(value, str):
        raise ManifestError(
            f"{name} is no text", where=where, how="name the text with --text-field, or use --match audio"
        )
    return value
