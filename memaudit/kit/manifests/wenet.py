"""WeNet: a data.list of type "raw", a JSON object a line with key, wav and txt.

A canary is repeated under a new key that leads to the same file. Paths are absolute: WeNet opens relative
ones from the folder that training runs in. ``start`` and ``end`` cut a part out of a file, and are honoured
on reading. Lists of type "shard" are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memaudit.files import canonical_json
from memaudit.kit.manifests.audio_files import copy_audio, file_name, rooted
from memaudit.kit.manifests.base import Entry, Job, Repetition, Source
from memaudit.kit.manifests.fields import json_rows, require_text, seconds, text_of
from memaudit.kit.manifests.merge import merge_lines, write_lines
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.kit.manifests.raw_lines import require_file


class Wenet:
    """WeNet data lists."""

    name = "wenet"
    consumer = "WeNet"
    layout = "data.list, audio/"
    repetition: Repetition = "new key"
    paths = "absolute"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write data.list and audio/."""
        copy_audio(job)
        write_lines(job.folder / "data.list", self._lines(job))

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' lines between the user's."""
        for number, row in json_rows(manifest):
            require_text(row, "wav", f"{manifest}:{number}")
            break
        copy_audio(job)
        merge_lines(job, manifest, self._lines(job))
        return []

    def files(self, manifest: Path) -> list[Path]:
        """The list itself."""
        return [require_file(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A line an utterance."""
        path, folders = source.manifest, bases(source)
        for number, row in json_rows(path):
            where = f"{path}:{number}"
            start, end = (seconds(row, name, where) for name in ("start", "end"))
            length = None if end is None else max(0.0, end - (start or 0.0))
            text = text_of(row, source.text_field or "txt", where)
            sound = sound_at(require_text(row, "wav", where), folders, start=start or 0.0, length=length)
            yield Entry(path, number, text, length, sound)

    def _lines(self, job: Job) -> list[str]:
        return [
            canonical_json({"key": copy.key, "wav": rooted(job, file_name(copy)), "txt": copy.text})
            for copy in job.copies
        ]


FORMAT = Wenet()
