"""NeMo: a JSON object a line with audio_filepath, duration and text.

NeMo trains on a manifest's lines as they are, so a canary is repeated by repeating its line. Paths are
absolute; NeMo looks for relative ones in the manifest's folder. ``offset`` and ``duration`` cut a part out
of a file, and are honoured on reading. Tarred data sets are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memaudit.files import canonical_json
from memaudit.kit.manifests.audio_files import copy_audio, file_name, rooted
from memaudit.kit.manifests.base import Entry, Job, Repetition, Source
from memaudit.kit.manifests.fields import json_rows, require_text, seconds, text_field, text_of
from memaudit.kit.manifests.merge import merge_lines, write_lines
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.kit.manifests.raw_lines import require_file

AUDIO = "audio_filepath"


class Nemo:
    """NeMo manifests."""

    name = "nemo"
    consumer = "NeMo"
    layout = "manifest.json, audio/"
    repetition: Repetition = "repeated line"
    paths = "absolute"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write manifest.json and audio/."""
        copy_audio(job)
        write_lines(job.folder / "manifest.json", self._lines(job, job.text_field or "text"))

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' lines between the user's."""
        first = next(json_rows(manifest), None)
        if first is not None:
            require_text(first[1], AUDIO, f"{manifest}:{first[0]}")
        name = job.text_field or text_field(first[1] if first else {}, None) or "text"
        copy_audio(job)
        merge_lines(job, manifest, self._lines(job, name))
        return []

    def files(self, manifest: Path) -> list[Path]:
        """The manifest itself."""
        return [require_file(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A line an utterance."""
        path, folders = source.manifest, bases(source)
        for number, row in json_rows(path):
            where = f"{path}:{number}"
            duration = seconds(row, "duration", where)
            start = seconds(row, "offset", where) or 0.0
            audio = require_text(row, AUDIO, where)
            yield Entry(
                path,
                number,
                text_of(row, source.text_field, where),
                duration,
                sound_at(audio, folders, start=start, length=duration),
            )

    def _lines(self, job: Job, text: str) -> list[str]:
        return [
            canonical_json(
                {AUDIO: rooted(job, file_name(copy)), "duration": copy.duration} | {text: copy.text}
            )
            for copy in job.copies
        ]


FORMAT = Nemo()
