"""SpeechBrain: a CSV file with ID, duration, wav, spk_id and wrd, as its recipes write.

A canary is repeated under a new ID that leads to the same file, since SpeechBrain refuses an ID that is
there twice. Paths are absolute. On reading, a leading ``$data_root`` (or any other such name) stands for
the audio root. SpeechBrain's JSON manifests are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from memaudit.kit.manifests.audio_files import copy_audio, file_name, rooted
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Source
from memaudit.kit.manifests.csv_records import csv_header, csv_line, csv_rows, raw_records
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import require_text, seconds, text_field, text_of
from memaudit.kit.manifests.merge import merge_lines, write_lines
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.kit.manifests.raw_lines import require_file

HEADER = ["ID", "duration", "wav", "spk_id", "wrd"]
_VARIABLE = re.compile(r"^\$[\w.]+[/\\]")


class SpeechBrain:
    """SpeechBrain CSV manifests."""

    name = "speechbrain"
    consumer = "SpeechBrain"
    layout = "train.csv, audio/"
    repetition: Repetition = "new key"
    paths = "absolute"
    forbidden = "$"  # starts the name of a replacement

    def export(self, job: Job) -> None:
        """Write train.csv and audio/."""
        copy_audio(job)
        header = [*HEADER[:-1], job.text_field or HEADER[-1]]
        write_lines(job.folder / "train.csv", [csv_line(header), *_lines(job, header, header[-1])])

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' records between the user's; columns that memaudit does not know are empty."""
        header = csv_header(require_file(manifest))
        text = text_field(header, job.text_field)
        if text is None or not {"ID", "wav"} <= set(header):
            raise ManifestError(
                f"its header {', '.join(header)} lacks ID, wav or the text",
                where=f"{manifest}:1",
                how="name the text's column with --text-field",
            )
        copy_audio(job)
        merge_lines(job, manifest, _lines(job, header, text), header=1, split=raw_records)
        return []

    def files(self, manifest: Path) -> list[Path]:
        """The CSV file."""
        return [require_file(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A record an utterance."""
        path, folders = source.manifest, bases(source)
        for number, row in csv_rows(path):
            where = f"{path}:{number}"
            audio = require_text(row, "wav", where)
            if source.audio_root is not None:
                audio = _VARIABLE.sub("", audio)
            text = text_of(row, source.text_field, where)
            yield Entry(path, number, text, seconds(row, "duration", where), sound_at(audio, folders))


def _lines(job: Job, header: list[str], text: str) -> list[str]:
    def cells(copy: Copy) -> list[object]:
        known = {
            "ID": copy.key,
            "duration": copy.duration,
            "wav": rooted(job, file_name(copy)),
            "spk_id": copy.canary.voice,
            text: copy.text,
        }
        return [known.get(name, "") for name in header]

    return [csv_line(cells(copy)) for copy in job.copies]


FORMAT = SpeechBrain()
