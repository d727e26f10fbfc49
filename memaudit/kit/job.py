"""What a speaking process does with one utterance, and how it tells that it could not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from memaudit import errors
from memaudit.errors import MemauditError, SpeechError
from memaudit.files import output_errors
from memaudit.kit.audio import flac_bytes
from memaudit.kit.checks import fault
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.finish import Finish, finish
from memaudit.kit.speakers.base import Samples, Speaker, SpeechRequest

#: Sample rate of unfinished speech, in Hz.
SAMPLE_RATE = 16_000


class FaultError(SpeechError):
    """Speech that is faulty as it comes from the speaker: another attempt may give better."""


@dataclass(frozen=True, slots=True)
class Job:
    """Speak ``request``, finish it and write the FLAC file ``path``; without these leave it as it is."""

    request: SpeechRequest
    finish: Finish | None = None
    path: str = ""

    @classmethod
    def read(cls, row: dict[str, Any]) -> Job:
        """The job of a dictionary as `dataclasses.asdict` makes it."""
        finish = Finish(**row["finish"]) if row["finish"] else None
        return cls(SpeechRequest(**row["request"]), finish, row["path"])


@dataclass(frozen=True, slots=True)
class Audio:
    """What a job gives: the number of samples S, and its file's hash, or, unfinished, float32[S] as bytes."""

    frames: int
    sha256: str = ""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way between processes; ``again`` where another attempt may go well."""

    what: str
    where: str = ""
    how: str = ""
    kind: str = "SpeechError"
    again: bool = False

    @classmethod
    def of(cls, error: MemauditError) -> Failure:
        """The failure that an error is."""
        kind = type(error).__name__
        known = kind if hasattr(errors, kind) else "SpeechError"
        return cls(error.what, error.where, error.how, known, isinstance(error, FaultError))

    def line(self) -> bytes:
        """One line of JSON."""
        return json.dumps({"failure": asdict(self)}).encode() + b"\n"

    def error(self) -> MemauditError:
        """The error again."""
        kind = FaultError if self.again else getattr(errors, self.kind)
        made: MemauditError = kind(self.what, where=self.where, how=self.how)
        return made


def perform(speaker: Speaker, job: Job) -> Audio:
    """Speak, check and finish one utterance.

    Raises:
        FaultError: if what the speaker gave is no usable speech.
        OutputError: if the file cannot be written.
        MemauditError: if the speaker refuses, or the finished audio is no usable speech.
    """
    spoken = _checked(job.request, *speaker.say(job.request))
    if job.finish is None:
        return Audio(spoken.size, data=spoken.astype("<f4").tobytes())
    samples = finish(spoken, SAMPLE_RATE, job.request, job.finish)
    flac = flac_bytes(samples, job.finish.sample_rate)
    with output_errors(Path(job.path)):
        Path(job.path).write_bytes(flac)
    return Audio(samples.size, hashlib.sha256(flac).hexdigest())


def _checked(request: SpeechRequest, samples: Samples, sample_rate: int) -> Samples:
    if samples.size and sample_rate != SAMPLE_RATE:
        samples = np.asarray(soxr.resample(samples, sample_rate, SAMPLE_RATE), dtype=np.float32)
    pace = (request.rate or DEFAULT_RATE) / DEFAULT_RATE
    wrong = fault(samples, SAMPLE_RATE, request.text, pace)
    if wrong:
        raise FaultError(
            f"{wrong} for text {request.label!r} in voice {request.voice!r}",
            where="speech",
            how="try another voice or other texts; `memaudit doctor` shows what works here",
        )
    return samples
