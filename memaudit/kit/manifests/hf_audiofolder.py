"""Hugging Face audiofolder: metadata.jsonl (or metadata.csv) beside audio/, with a file_name a line.

A canary is repeated as a new file: some releases of datasets keep one line for each file name. Paths are
relative to the metadata file, as the loader wants them, so a merged metadata file and audio/ belong into
the user's folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from memaudit.files import canonical_json, output_errors
from memaudit.kit.manifests.audio_files import FOLDER
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Source
from memaudit.kit.manifests.csv_records import csv_header, csv_line, csv_rows, raw_records
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import json_rows, require_text, seconds, text_field, text_of
from memaudit.kit.manifests.merge import merge_lines, write_lines
from memaudit.kit.manifests.places import bases, sound_at

METADATA = ("metadata.jsonl", "metadata.csv")
FILE = "file_name"


class HfAudioFolder:
    """Folders that ``datasets.load_dataset("audiofolder", ...)`` loads."""

    name = "hf-audiofolder"
    consumer = "Hugging Face datasets"
    layout = "metadata.jsonl, audio/"
    repetition: Repetition = "new file"
    paths = "relative to the metadata file"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write metadata.jsonl and audio/."""
        _copy_each(job)
        text = job.text_field or "transcription"
        rows = (canonical_json({FILE: _name(copy), text: copy.text}) for copy in job.copies)
        write_lines(job.folder / METADATA[0], rows)

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' lines between the user's; in CSV their other columns are empty."""
        path = _metadata(manifest)
        if path.suffix == ".csv":
            header = csv_header(path)
            text = _text_name(dict.fromkeys(header), job, path)
            rows = ({FILE: _name(copy), text: copy.text} for copy in job.copies)
            lines = [csv_line([row.get(name, "") for name in header]) for row in rows]
        else:
            number, first = next(json_rows(path), (1, {FILE: "-", "transcription": ""}))
            require_text(first, FILE, f"{path}:{number}")
            text = _text_name(first, job, path)
            lines = [canonical_json({FILE: _name(copy), text: copy.text}) for copy in job.copies]
        _copy_each(job)
        if path.suffix == ".csv":
            merge_lines(job, path, lines, header=1, split=raw_records)
        else:
            merge_lines(job, path, lines)
        return [f"Put {path.name} and {FOLDER}/ into a copy of {path.parent}: its paths start from there."]

    def files(self, manifest: Path) -> list[Path]:
        """The metadata file."""
        return [_metadata(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A line an utterance."""
        path = _metadata(source.manifest)
        folders = bases(source, path.parent)
        for number, row in csv_rows(path) if path.suffix == ".csv" else json_rows(path):
            where = f"{path}:{number}"
            sound = sound_at(require_text(row, FILE, where), folders)
            text = text_of(row, source.text_field, where)
            yield Entry(path, number, text, seconds(row, "duration", where), sound)


def _metadata(manifest: Path) -> Path:
    if manifest.is_file() and manifest.suffix in (".jsonl", ".csv"):
        return manifest
    for name in METADATA:
        if (manifest / name).is_file():
            return manifest / name
    raise ManifestError(
        "is no metadata.jsonl or metadata.csv, nor a folder with one",
        where=str(manifest),
        how="give the metadata file of an audiofolder",
    )


def _text_name(names: Mapping[str, object], job: Job, path: Path) -> str:
    found = text_field(names, job.text_field)
    if found is None or FILE not in names:
        raise ManifestError(
            f"its first line has no {FILE} or no text",
            where=str(path),
            how=f"name the text with --text-field, one of: {', '.join(names)}",
        )
    return found


def _name(copy: Copy) -> str:
    return f"{FOLDER}/{copy.key}.flac"


def _copy_each(job: Job) -> None:
    for copy in job.copies:
        target = job.folder / _name(copy)
        with output_errors(target):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(job.kit / copy.canary.audio, target)


FORMAT = HfAudioFolder()
