"""What a training format must be able to do, and what passes between formats and their users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from memaudit.kit.canary import Canary

Repetition = Literal["repeated line", "new key", "new file"]
"""How a format trains on one recording several times: the line again, another key that leads to the same
file, or a file (or an embedded recording) of its own."""

Match = Literal["both", "audio", "text"]


@dataclass(frozen=True, slots=True)
class Copy:
    """One of the times that an inserted canary goes into the training set.

    ``key`` is unique over all copies; ``text`` is what the manifest says, in the case that was asked for.
    """

    canary: Canary
    key: str
    text: str
    frames: int
    sample_rate: int

    @property
    def duration(self) -> float:
        """Seconds, from the number of samples."""
        return self.frames / self.sample_rate


@dataclass(frozen=True)
class Job:
    """What a format is to write.

    Args:
        copies: in the order in which a manifest should hold them.
        kit: the kit's folder, for the audio.
        folder: where to write; it gets its final name when all is written.
        root: where that folder will lie on the training machine: paths in the manifest begin with it.
        seed: fixes the places of canaries in a merged manifest.
        text_field: what the text is called where a format leaves it open; None: the format's default, or
            what the user's own manifest calls it.
    """

    copies: tuple[Copy, ...]
    kit: Path
    folder: Path
    root: str
    seed: int = 0
    text_field: str | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """Where the audio of a manifest's line is: a file or bytes, whole or a part of it.

    ``name`` is the file's path, absolute or from the first of ``folders`` that has it. ``start`` and
    ``length`` are in seconds; ``length`` None means to the end. ``unread`` says why it cannot be looked at
    here, such as a command whose output it is: no command is ever run.
    """

    name: str | None = None
    folders: tuple[Path, ...] = ()
    data: bytes | None = None
    start: float = 0.0
    length: float | None = None
    unread: str = ""

    def path(self) -> Path:
        """The file; where no folder has it, as the first would."""
        places = [folder / (self.name or "") for folder in self.folders]
        return next(filter(_is_there, places), places[0])


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long a name, no right to look
        return False


@dataclass(frozen=True, slots=True)
class Entry:
    """One utterance of a training manifest: ``duration`` in seconds where the manifest tells it."""

    file: Path
    place: int | str
    text: str | None
    duration: float | None
    sound: Sound

    @property
    def where(self) -> str:
        """File and line, or file and key."""
        return f"{self.file}:{self.place}"


@dataclass(frozen=True)
class Source:
    """A manifest to be read.

    Args:
        manifest: the file or folder that the trainer is given.
        audio_root: what relative audio paths start from; None: the manifest's folder, then the current one.
        text_field: what the text is called; None: the usual names are tried.
    """

    manifest: Path
    audio_root: Path | None = None
    text_field: str | None = None


class ManifestFormat(Protocol):
    """One training format.

    ``repetition``, ``paths`` (how its manifest leads to the audio) and ``consumer`` (who reads it) are for
    people; ``forbidden`` are characters that a path in it cannot have.
    """

    name: str
    consumer: str
    layout: str
    repetition: Repetition
    paths: str
    forbidden: str

    def export(self, job: Job) -> None:
        """Write manifest and audio into ``job.folder``.

        Raises:
            ManifestError, OutputError, MissingExtraError: if that cannot be done.
        """
        ...

    def files(self, manifest: Path) -> list[Path]:
        """The files that make up a manifest, which a hash of it covers.

        Raises:
            ManifestError: if there is none.
        """
        ...

    def read(self, source: Source) -> Iterator[Entry]:
        """The utterances of a trainer's manifest, in bounded memory.

        Raises:
            ManifestError: naming file and line of what cannot be read.
        """
        ...


@runtime_checkable
class Mergeable(Protocol):
    """A format whose manifest is made of lines, so that lines can be put between the user's own."""

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Write a merged copy of ``manifest``, and the canaries' audio, into ``job.folder``.

        Returns:
            Sentences that the user should know, such as files that were not carried over.

        Raises:
            ManifestError, OutputError: if that cannot be done.
        """
        ...
