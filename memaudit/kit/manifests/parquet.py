"""Parquet as Hugging Face datasets reads it: id, audio (bytes and path), text and duration a row.

A canary is repeated as a new row with the audio in it again. The column ``audio`` carries datasets' own
mark, so it loads as an Audio column. Needs pyarrow (the extra ``parquet``).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from memaudit.errors import MissingExtraError
from memaudit.files import canonical_json, output_errors
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Sound, Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import seconds, text_field, text_of
from memaudit.kit.manifests.places import bases, sound_at

ROWS = 100
FILE = "train-00000-of-00001.parquet"
_HOW = "give a parquet file with an audio column and a text, or a folder of such files"


class Parquet:
    """Parquet files with the audio inside."""

    name = "parquet"
    consumer = "Hugging Face datasets, pyarrow"
    layout = FILE
    repetition: Repetition = "new file"
    paths = "audio is inside"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write one parquet file, a hundred rows a row group."""
        pyarrow, parquet = _pyarrow()
        text = job.text_field or "text"
        schema = _schema(text, job.copies[0].sample_rate if job.copies else 16000)
        path = job.folder / FILE
        with output_errors(path), parquet.ParquetWriter(path, schema) as writer:
            for first in range(0, len(job.copies), ROWS):
                rows = [_row(job, copy, text) for copy in job.copies[first : first + ROWS]]
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))

    def files(self, manifest: Path) -> list[Path]:
        """The file, or the parquet files of a folder in the order of their names."""
        found = [manifest] if manifest.is_file() else sorted(manifest.rglob("*.parquet"))
        if not found:
            raise ManifestError("is no parquet file, nor a folder with any", where=str(manifest), how=_HOW)
        return found

    def read(self, source: Source) -> Iterator[Entry]:
        """A row an utterance."""
        for path in self.files(source.manifest):
            folders = bases(source, path.parent)
            for place, row in enumerate(_rows(path, source), 1):
                where = f"{path}: row {place}"
                text = text_of(row, source.text_field, where)
                sound = _sound(row, folders)
                yield Entry(path, f"row {place}", text, seconds(row, "duration", where), sound)


def _pyarrow() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet, which have no types."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError("the format parquet", "parquet") from error


def _schema(text: str, sample_rate: int) -> Any:
    pyarrow, _ = _pyarrow()
    value = {"_type": "Value"}
    features = {
        "id": {"dtype": "string", **value},
        "audio": {"_type": "Audio", "sampling_rate": sample_rate},
        text: {"dtype": "string", **value},
        "duration": {"dtype": "float64", **value},
    }
    fields = [
        ("id", pyarrow.string()),
        ("audio", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
        (text, pyarrow.string()),
        ("duration", pyarrow.float64()),
    ]
    return pyarrow.schema(fields, {"huggingface": canonical_json({"info": {"features": features}})})


def _row(job: Job, copy: Copy, text: str) -> dict[str, object]:
    audio = {"bytes": (job.kit / copy.canary.audio).read_bytes(), "path": f"{copy.key}.flac"}
    return {"id": copy.key, "audio": audio, "duration": copy.duration, text: copy.text}


def _rows(path: Path, source: Source) -> Iterator[dict[str, Any]]:
    pyarrow, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if "audio" not in names:
                raise ManifestError("has no column audio", where=str(path), how=_HOW)
            wanted = ("audio", "duration", text_field(names, source.text_field))
            for batch in file.iter_batches(ROWS, columns=[name for name in names if name in wanted]):
                yield from batch.to_pylist()
    except (OSError, ValueError, pyarrow.ArrowException) as error:  # ValueError: names that are no UTF-8
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"is no parquet file ({error})", where=str(path), how=_HOW) from error


def _sound(row: dict[str, Any], folders: tuple[Path, ...]) -> Sound:
    audio = row["audio"]
    if isinstance(audio, str):
        return sound_at(audio, folders)
    if isinstance(audio, bytes):
        return Sound(data=audio)
    if isinstance(audio, dict) and isinstance(audio.get("bytes"), bytes):
        return Sound(data=audio["bytes"])
    if isinstance(audio, dict) and isinstance(audio.get("path"), str):
        return sound_at(audio["path"], folders)
    return Sound(unread="the row holds no audio")


FORMAT = Parquet()
