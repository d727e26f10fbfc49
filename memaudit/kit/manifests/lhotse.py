"""Lhotse (icefall, and NeMo with Lhotse): cuts.jsonl.gz, a MonoCut a line with its recording and supervision.

A canary is repeated as a new cut of the same recording, since cut ids are unique. Paths are absolute. On
reading, the cuts inside a MixedCut count each; a recording with transforms (such as another speed) or from
anything but a file is known by its text alone. Cuts carry no features: where a training set has them computed
beforehand, they have to be computed for the canaries too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memaudit.files import canonical_json
from memaudit.kit.manifests.audio_files import copy_audio, file_name, rooted
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Sound, Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import json_rows, seconds
from memaudit.kit.manifests.merge import merge_lines, write_lines
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.kit.manifests.raw_lines import require_file

_HOW = "give a manifest of cuts (cuts.jsonl or cuts.jsonl.gz)"


class Lhotse:
    """Lhotse cut manifests."""

    name = "lhotse"
    consumer = "Lhotse, icefall"
    layout = "cuts.jsonl.gz, audio/"
    repetition: Repetition = "new key"
    paths = "absolute"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write cuts.jsonl.gz and audio/."""
        copy_audio(job)
        write_lines(job.folder / "cuts.jsonl.gz", self._lines(job))

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' cuts between the user's; packed where theirs is."""
        for number, row in json_rows(manifest):
            list(_mono_cuts(row, f"{manifest}:{number}"))
            break
        copy_audio(job)
        merge_lines(job, manifest, self._lines(job))
        return []

    def files(self, manifest: Path) -> list[Path]:
        """The manifest itself."""
        return [require_file(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A cut an utterance."""
        path, folders = source.manifest, bases(source)
        for number, row in json_rows(path):
            where = f"{path}:{number}"
            for cut in _mono_cuts(row, where):
                duration = seconds(cut, "duration", where)
                start = seconds(cut, "start", where) or 0.0
                yield Entry(path, number, _text(cut, where), duration, _sound(cut, folders, start, duration))

    def _lines(self, job: Job) -> list[str]:
        return [canonical_json(_cut(job, copy)) for copy in job.copies]


def _cut(job: Job, copy: Copy) -> dict[str, object]:
    part = {"start": 0.0, "duration": copy.duration, "channel": 0}
    return {
        "type": "MonoCut",
        "id": copy.key,
        **part,
        "supervisions": [
            {
                "id": copy.key,
                "recording_id": copy.canary.id,
                **part,
                "text": copy.text,
                "language": copy.canary.language,
                "speaker": copy.canary.voice,
            }
        ],
        "recording": {
            "id": copy.canary.id,
            "sources": [{"type": "file", "channels": [0], "source": rooted(job, file_name(copy))}],
            "sampling_rate": copy.sample_rate,
            "num_samples": copy.frames,
            "duration": copy.duration,
        },
    }


def _mono_cuts(row: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
    kind = row.get("type")
    if kind == "MixedCut":
        for track in _objects(row, "tracks", where):
            cut = track.get("cut")
            if not isinstance(cut, dict):
                raise ManifestError("has a track without cut", where=where, how=_HOW)
            yield from _mono_cuts(cut, where)
    elif kind in ("MonoCut", "MultiCut", "Cut"):
        yield row
    elif kind != "PaddingCut":
        raise ManifestError(f"its type is {kind!r}, no cut", where=where, how=_HOW)


def _text(cut: dict[str, Any], where: str) -> str | None:
    texts = [part.get("text") for part in _objects(cut, "supervisions", where)]
    return " ".join(text for text in texts if isinstance(text, str)) or None


def _sound(cut: dict[str, Any], folders: tuple[Path, ...], start: float, length: float | None) -> Sound:
    recording = cut.get("recording")
    if not isinstance(recording, dict):
        return Sound(unread="the cut has no recording")
    if recording.get("transforms"):
        return Sound(unread="the recording is transformed on loading")
    sources = recording.get("sources")
    first = sources[0] if isinstance(sources, list) and len(sources) == 1 else None
    if not isinstance(first, dict) or first.get("type") != "file" or not isinstance(first.get("source"), str):
        return Sound(unread="the recording is not one audio file")
    return sound_at(first["source"], folders, start=start, length=length)


def _objects(row: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ManifestError(f"{name} is no list of objects", where=where, how=_HOW)
    return value


FORMAT = Lhotse()
