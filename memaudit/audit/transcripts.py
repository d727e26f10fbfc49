"""Transcripts (and losses) that any other system made: JSONL or CSV with id, transcript, loss."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memaudit.errors import TranscriptError
from memaudit.reading import read_text

_HOW = "give a JSONL or CSV file with id, transcript and, where you have it, loss in nats"


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser said of one canary, and its loss in nats (None where it has none)."""

    text: str
    loss: float | None


def read_transcripts(path: Path, ids: Collection[str]) -> dict[str, Transcript]:
    """Read a transcripts file that covers every id of a kit exactly once.

    Raises:
        TranscriptError: where the file cannot be read, a line is broken, an id is missing, double or
            foreign, a loss is no finite number at or above 0, or only some canaries have a loss.
    """
    wanted = set(ids)
    found: dict[str, Transcript] = {}
    for where, row in _rows(path):
        name = row.get("id")
        if not isinstance(name, str) or not name:
            raise TranscriptError("has no id", where=where, how=_HOW)
        if name not in wanted:
            raise TranscriptError(
                f"id {name!r} is not in the kit",
                where=where,
                how="score this kit's audio, or remove the line",
            )
        if name in found:
            raise TranscriptError(f"id {name!r} occurs twice", where=where, how="keep one line an id")
        text = row.get("transcript")
        if not isinstance(text, str):
            raise TranscriptError(
                f"id {name!r} has no transcript",
                where=where,
                how='write "" where the recogniser heard nothing',
            )
        found[name] = Transcript(text, _loss(row.get("loss"), name, where))
    missing = sorted(wanted - found.keys())
    if missing:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise TranscriptError(
            f"{len(missing)} of {len(wanted)} canaries have no line ({some})",
            where=str(path),
            how="transcribe every file under train/audio and audit/audio",
        )
    with_loss = sum(item.loss is not None for item in found.values())
    if 0 < with_loss < len(found):
        raise TranscriptError(
            f"only {with_loss} of {len(found)} canaries have a loss",
            where=str(path),
            how="give a loss for every canary, or for none",
        )
    return found


def _loss(value: Any, name: str, where: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        loss = float(value)
    except (TypeError, ValueError, OverflowError):
        loss = math.nan
    if not math.isfinite(loss) or loss < 0:
        raise TranscriptError(
            f"id {name!r} has loss {value!r}", where=where, how="a loss is a finite number of nats, 0 or more"
        )
    return loss


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each record with its place, from CSV where the name ends so, else from JSONL."""
    try:
        text = read_text(path, "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TranscriptError("cannot be read as UTF-8 text", where=str(path), how=_HOW) from error
    if path.suffix.lower() == ".csv":
        yield from _csv_rows(path, text)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=float)
        except (ValueError, RecursionError) as error:
            raise TranscriptError("is no JSON", where=f"{path}:{number}", how=_HOW) from error
        if not isinstance(row, dict):
            raise TranscriptError("is no JSON object", where=f"{path}:{number}", how=_HOW)
        yield f"{path}:{number}", row


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if not {"id", "transcript"} <= set(reader.fieldnames or ()):
            raise TranscriptError("has no columns id and transcript", where=f"{path}:1", how=_HOW)
        for row in reader:
            yield f"{path}:{reader.line_num}", row
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        raise TranscriptError(f"is no CSV line ({error})", where=where, how=_HOW) from error
