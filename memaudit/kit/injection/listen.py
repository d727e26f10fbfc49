"""Which canary the audio of a manifest's line is, hashing only what could be one."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    try:
        by_bytes = known.by_file.get(_file_hash(sound)) if _size(entry) in known.sizes else None
        if by_bytes is not None and _is_whole(sound, by_bytes.duration):
            return Heard(by_bytes)
        with _opened(sound) as stream, soundfile.SoundFile(stream) as audio:
            return Heard(_by_samples(audio, sound, known))
    except OSError as error:
        raise _unreadable(entry, error.strerror or "damaged") from error
    except soundfile.LibsndfileError as error:
        return Heard(unread=f"its audio cannot be decoded ({error.error_string})")


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


def _size(entry: Entry) -> int:
    if entry.sound.path is None:
        return len(entry.sound.data or b"")
    about = entry.sound.path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise _unreadable(entry, "no plain file")
    return about.st_size


def _file_hash(sound: Sound) -> str:
    if sound.path is None:
        return hashlib.sha256(sound.data or b"").hexdigest()
    return sha256_file(sound.path)


@contextmanager
def _opened(sound: Sound) -> Iterator[IO[bytes]]:
    if sound.path is None:
        yield io.BytesIO(sound.data or b"")
    else:
        with sound.path.open("rb") as stream:
            yield stream


def _unreadable(entry: Entry, reason: str) -> ManifestError:
    return ManifestError(
        f"its audio {entry.sound.path} cannot be read ({reason})",
        where=entry.where,
        how="give --audio-root for relative paths, or --match text to go by the texts alone",
    )
