"""Speaker ``recordings``: the user's own recordings, found by a canary's id or by its text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from memaudit.errors import AudioError, RecipeError
from memaudit.kit.audio import read_audio
from memaudit.kit.plain import plain
from memaudit.kit.speakers.base import Samples, Source, SpeechRequest
from memaudit.reading import is_file, read_text

#: The file in the folder that says which recording has which text, where files are not named by id.
LIST = "recordings.jsonl"
SUFFIXES = {".wav", ".flac", ".ogg", ".aiff", ".aif", ".mp3"}


class RecordingSpeaker:
    """A folder of sound files named by canary (``ID.wav``), or listed with their texts in `LIST`."""

    fresh = False
    chunk = 16

    def __init__(self, source: Source) -> None:
        if source.folder is None:
            raise RecipeError(
                "has no recordings",
                where="speech.engine = 'recordings'",
                how="give their folder with --audio-dir",
            )
        self._folder = Path(source.folder)
        if not self._folder.is_dir():
            raise AudioError("is no folder", where=str(self._folder), how="give a folder of recordings")

    @cached_property
    def _by_name(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in sorted(self._folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and found.setdefault(path.stem, path) != path:
                raise AudioError(
                    f"is there beside {found[path.stem].name}", where=str(path), how="remove one of them"
                )
        return found

    @cached_property
    def _by_text(self) -> dict[str, Path]:
        path = self._folder / LIST
        if not path.is_file():
            return {}
        found: dict[str, Path] = {}
        try:
            lines = read_text(path, "utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise AudioError("cannot be read as UTF-8 text", where=str(path), how="write it again") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                text, audio = _entry(line, f"{path}:{number}")
                if found.setdefault(text, self._folder / audio) != self._folder / audio:
                    raise AudioError(
                        f"the text {text!r} is there twice", where=f"{path}:{number}", how="remove one line"
                    )
        return found

    def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse a folder in which a recording is missing."""
        missing = [request for request in requests if self._path(request) is None]
        if missing:
            first = missing[0]
            raise AudioError(
                f"{len(missing)} of {len(requests)} recordings are missing, such as {first.id}.wav for "
                f"{first.label!r}",
                where=str(self._folder),
                how="record what make-kit --print-texts lists, and give the same recipe and --seed again",
            )

    def say(self, request: SpeechRequest) -> tuple[Samples, int]:
        """Read the recording."""
        path = self._path(request)
        if path is None:
            raise AudioError(f"has no recording of {request.label!r}", where=str(self._folder))
        return read_audio(path)

    def versions(self) -> dict[str, str]:
        """A recording has no version: the kit holds its hash."""
        return {}

    def _path(self, request: SpeechRequest) -> Path | None:
        path = self._by_name.get(request.id) or self._by_text.get(plain(request.label))
        return path if path is not None and is_file(path) else None


def _entry(line: str, where: str) -> tuple[str, str]:
    how = 'write one object a line, such as {"audio": "first.wav", "text": "a b c"}'
    try:
        row = json.loads(line)
        audio, text = str(row["audio"]), plain(str(row["text"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AudioError("names no audio and text", where=where, how=how) from error
    place = PurePosixPath(audio)
    if place.is_absolute() or ".." in place.parts or "\\" in audio or ":" in audio or not text:
        raise AudioError(
            f"{audio!r} is no file inside the folder" if text else "has an empty text", where=where, how=how
        )
    return text, audio
