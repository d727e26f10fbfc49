"""Kaldi and ESPnet: a data folder with wav.scp, text, utt2spk and spk2utt.

A canary is repeated under a new key that leads to the same file, and is a speaker of its own. Paths are
absolute, and audio is 16-bit WAV with the same samples, since Kaldi reads FLAC through a command only.
Kaldi wants its files sorted: a merged copy keeps the order where the user's file has it, else places are
random.

On reading, no command is run: `flac -c -d -s FILE |` is read as FILE, any other is known by its text alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from memaudit.kit.manifests.audio_files import file_name, rooted, write_waves
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Sound, Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.merge import draw_places, merge_at, names_of, survey, write_lines
from memaudit.kit.manifests.places import bases, sound_at
from memaudit.kit.manifests.raw_lines import raw_lines, text_lines
from memaudit.kit.manifests.table import Table, disk_table

_ROWS: dict[str, Callable[[Job, Copy], str]] = {
    "wav.scp": lambda job, copy: rooted(job, file_name(copy, ".wav")),
    "text": lambda _, copy: copy.text,
    "utt2spk": lambda _, copy: copy.key,
    "spk2utt": lambda _, copy: copy.key,
    "segments": lambda _, copy: f"{copy.key} 0 {copy.duration}",
    "utt2dur": lambda _, copy: str(copy.duration),
    "reco2dur": lambda _, copy: str(copy.duration),
    "utt2num_samples": lambda _, copy: str(copy.frames),
}
_ALWAYS = ("wav.scp", "text", "utt2spk", "spk2utt")
_FLAC = re.compile(r"^\S*\bflac\s+(?:-(?:c|d|s|-decode|-stdout|-silent)\s+)+(\S+)\s*\|$")
_ARCHIVE = re.compile(r":\d+(\[.*\])?$")


class Kaldi:
    """Kaldi data folders."""

    name = "kaldi"
    consumer = "Kaldi, ESPnet"
    layout = "wav.scp, text, utt2spk, spk2utt, audio/"
    repetition: Repetition = "new key"
    paths = "absolute"
    forbidden = "|"

    def export(self, job: Job) -> None:
        """Write the four files and audio/."""
        write_waves(job)
        for name in _ALWAYS:
            write_lines(job.folder / name, _lines(job, name))

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries into every file of the folder that memaudit knows."""
        folder = _folder(manifest)
        known = [folder / name for name in _ROWS if (folder / name).is_file()]
        write_waves(job)
        for path in known:
            lines = _lines(job, path.name)
            found = survey(path, names_of(job))
            if found.ordered:
                places = _ordered_places(path, [_key(line) for line in lines])
            else:
                places = draw_places(found, len(lines), 0, job.seed, path.name)
            merge_at(path, job.folder / path.name, lines, places, found)
        others = sorted(path.name for path in folder.iterdir() if path.is_file() and path not in known)
        return [f"Not carried over from {folder}: {', '.join(others)}; make them again."] if others else []

    def files(self, manifest: Path) -> list[Path]:
        """wav.scp, text and, where it is there, segments."""
        folder = _folder(manifest)
        return [path for name in ("wav.scp", "text", "segments") if (path := folder / name).is_file()]

    def read(self, source: Source) -> Iterator[Entry]:
        """An utterance of segments, or else of wav.scp."""
        folder = _folder(source.manifest)
        folders = bases(source, folder)
        with disk_table() as texts, disk_table() as recordings:
            texts.fill(_columns(folder / "text"), folder / "text")
            if (folder / "segments").is_file():
                recordings.fill(_columns(folder / "wav.scp"), folder / "wav.scp")
                yield from _segments(folder, folders, texts, recordings)
                return
            for number, key, value in _columns(folder / "wav.scp"):
                sound = _sound(value, folders, 0.0, None)
                yield Entry(folder / "wav.scp", number, texts.get(key), None, sound)


def _segments(folder: Path, folders: tuple[Path, ...], texts: Table, recordings: Table) -> Iterator[Entry]:
    path = folder / "segments"
    for number, key, value in _columns(path):
        where = f"{path}:{number}"
        try:
            recording, *times = value.split()
            start, end = map(float, times[:2])
            if not 0 <= start < float("inf"):
                raise ValueError
        except ValueError as error:
            raise ManifestError(
                "is no key, recording, start and end", where=where, how="mend or remove that line"
            ) from error
        audio = recordings.get(recording)
        if audio is None:
            raise ManifestError(f"wav.scp has no {recording}", where=where, how="run utils/fix_data_dir.sh")
        length = end - start if end > start else None  # -1 means to the end
        yield Entry(path, number, texts.get(key), length, _sound(audio, folders, start, length))


def _sound(value: str, folders: tuple[Path, ...], start: float, length: float | None) -> Sound:
    if unpacked := _FLAC.match(value):
        value = unpacked[1]
    elif value.endswith("|"):
        return Sound(unread="it is the output of a command, and none is run")
    elif _ARCHIVE.search(value) or value == "-":
        return Sound(unread="it is a part of an archive")
    return sound_at(value, folders, start=start, length=length)


def _columns(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, key and the rest, which only a text may lack."""
    for number, line in text_lines(path):
        parts = line.split(maxsplit=1)
        key, value = parts[0], parts[1].strip() if len(parts) > 1 else ""
        if not value and path.name != "text":
            raise ManifestError(
                "has a key and nothing else", where=f"{path}:{number}", how="mend or remove that line"
            )
        yield number, key, value


def _lines(job: Job, name: str) -> list[str]:
    return sorted((f"{copy.key} {_ROWS[name](job, copy)}" for copy in job.copies), key=_key)


def _key(line: str) -> bytes:
    return line.split(maxsplit=1)[0].encode()


def _ordered_places(path: Path, keys: Sequence[bytes]) -> list[int]:
    """Before which records the sorted ``keys`` go so that the file stays sorted."""
    places: list[int] = []
    number = 0
    for raw in raw_lines(path):
        word = raw.split(maxsplit=1)[:1]
        while word and len(places) < len(keys) and keys[len(places)] < word[0]:
            places.append(number)
        number += 1
    return places + [number] * (len(keys) - len(places))


def _folder(manifest: Path) -> Path:
    folder = manifest if manifest.is_dir() else manifest.parent
    if (manifest.is_dir() or manifest.name in _ROWS) and all(
        (folder / name).is_file() for name in ("wav.scp", "text")
    ):
        return folder
    raise ManifestError(
        "is no folder with wav.scp and text", where=str(manifest), how="give a Kaldi data folder"
    )


FORMAT = Kaldi()
