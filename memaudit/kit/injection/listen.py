"""Which canary the audio of a manifest's line is, hashing only what could be one."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import soundfile

from memaudit.files import sha256_file
from memaudit.kit.canary import Canary
from memaudit.kit.injection.fingerprints import TOLERANCE, Fingerprints, sample_hash
from memaudit.kit.manifests.base import Entry, Sound
from memaudit.kit.manifests.errors import ManifestError


@dataclass(frozen=True, slots=True)
class Heard:
    """The canary that a line's audio is, or why nobody can tell."""

    canary: Canary | None = None
    unread: str = ""


def could_be(entry: Entry, known: Fingerprints) -> bool:
    """Whether the duration that the manifest states allows the line to be a canary."""
    return entry.duration is None or known.near(entry.duration)


def listen(entry: Entry, known: Fingerprints) -> Heard:
    """Find the canary of a line by its audio: by the file's bytes, else by the decoded samples.

    Raises:
        ManifestError: if the file that the line names cannot be read.
    """
    sound = entry.sound
    if sound.unread:
        return Heard(unread=sound.unread)
    source = sound.path() if sound.data is None else sound.data
    try:
        by_bytes = known.by_file.get(_file_hash(source)) if _size(source) in known.sizes else None
        if by_bytes is not None and _is_whole(sound, by_bytes.duration):
            return Heard(by_bytes)
        with _opened(source) as stream, soundfile.SoundFile(stream) as audio:
            return Heard(_by_samples(audio, sound, known))
    except OSError as error:
        raise ManifestError(
            f"its audio {source!s} cannot be read ({error.strerror or error})",
            where=entry.where,
            how="give --audio-root for relative paths, or --match text to go by the texts alone",
        ) from error
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless audio
        return Heard(unread=f"its audio cannot be decoded ({error})")


def _by_samples(audio: soundfile.SoundFile, sound: Sound, known: Fingerprints) -> Canary | None:
    rate, first, count = audio.samplerate, 0, audio.frames
    if not _is_whole(sound, count / rate):
        first = min(round(sound.start * rate), count)
        count = min(count - first, count if sound.length is None else round(sound.length * rate))
    if (count, rate) not in known.shapes:
        return None
    audio.seek(first)
    samples = audio.read(count, dtype="float32", always_2d=True).mean(axis=1, dtype=np.float32)
    return known.by_samples.get(sample_hash(samples, rate))


def _is_whole(sound: Sound, total: float) -> bool:
    """Whether a line takes all of a file of ``total`` seconds, but for rounding."""
    return sound.start == 0 and (sound.length is None or sound.length >= total - TOLERANCE)


def _size(source: Path | bytes) -> int:
    if isinstance(source, bytes):
        return len(source)
    about = source.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError("no plain file")
    return about.st_size


def _file_hash(source: Path | bytes) -> str:
    return hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else sha256_file(source)


@contextmanager
def _opened(source: Path | bytes) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    else:
        with source.open("rb") as stream:
            yield stream
