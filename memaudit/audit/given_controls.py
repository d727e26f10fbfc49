"""The user's own validation recordings: a JSONL or CSV manifest with audio and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memaudit.audit.normalise import normalise
from memaudit.kit.manifests.base import Source
from memaudit.kit.manifests.csv_records import csv_rows
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import json_rows, seconds, text_of
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.reading import is_file

AUDIO_FIELDS = ("audio", "audio_filepath", "file_name", "path", "wav", "file")
_HOW = "give a JSONL or CSV file with audio and text"
LEAST = 2


@dataclass(frozen=True, slots=True)
class GivenControl:
    """One recording; ``id`` comes from its line in the manifest."""

    id: str
    audio: Path
    text: str


def read_controls(manifest: Path) -> list[GivenControl]:
    """Read a manifest of ordinary recordings that the model should read.

    Its lines need a path (`AUDIO_FIELDS`; relative ones start from the manifest's folder, then the current
    one) and a text (under any name that trainers use); anything else is passed over.

    Raises:
        ManifestError: naming the line that has no audio, no text or a file that is not there, or that is a
            part of a file; or if there are fewer than two lines.
    """
    folders = bases(Source(manifest))
    found = []
    for number, row in _rows(manifest):
        where = f"{manifest}:{number}"
        text = text_of(row, None, where)
        if text is None or not normalise(text):
            raise ManifestError("has no text", where=where, how=_HOW)
        if seconds(row, "offset", where):
            raise ManifestError(
                "is a part of a file (offset)", where=where, how="cut it out into a file of its own"
            )
        found.append(GivenControl(f"control-{number}", _audio(row, folders, where), text))
    if len(found) < LEAST:
        raise ManifestError(
            f"has {len(found)} recording{'' if len(found) == 1 else 's'}",
            where=str(manifest),
            how="give twenty or more of ordinary speech that the model should read",
        )
    return found


def _rows(manifest: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    name = manifest.name.lower().removesuffix(".gz")
    return iter(csv_rows(manifest)) if name.endswith(".csv") else json_rows(manifest)


def _audio(row: Mapping[str, Any], folders: tuple[Path, ...], where: str) -> Path:
    value = next((row[name] for name in AUDIO_FIELDS if name in row), None)
    if not isinstance(value, str) or not value:
        raise ManifestError("has no audio", where=where, how=_HOW)
    sound = sound_at(value, folders)
    if sound.unread:
        raise ManifestError(sound.unread, where=where, how="give paths of WAV or FLAC files")
    path = sound.path()
    if not is_file(path):
        raise ManifestError(
            f"there is no file {value}",
            where=where,
            how="paths start from the manifest's folder, then from the current one",
        )
    return path
