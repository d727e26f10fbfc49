"""What a speaking process does with one utterance, and how it tells that it could not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import soxr

from memaudit import errors
from memaudit.errors import MemauditError, SpeechError
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
    """Speak ``request``, and make it what ``finish`` says, or leave it as it is."""

    request: SpeechRequest
    finish: Finish | None = None

    @classmethod
    def read(cls, row: dict[str, Any]) -> Job:
        """The job of a dictionary as `dataclasses.asdict` makes it."""
        return cls(SpeechRequest(**row["request"]), Finish(**row["finish"]) if row["finish"] else None)


@dataclass(frozen=True, slots=True)
class Audio:
    """What a job gives: the bytes of a FLAC file, or, unfinished, of float32[S]; ``frames`` is S."""

    data: bytes
    frames: int


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
    """Speak, check, finish and encode one utterance.

    Raises:
        FaultError: if what the speaker gave is no usable speech.
        MemauditError: if it refuses, or the finished audio is no usable speech.
    """
    spoken = _checked(job.request, *speaker.say(job.request))
    if job.finish is None:
        return Audio(spoken.astype("<f4").tobytes(), spoken.size)
    samples = finish(spoken, SAMPLE_RATE, job.request, job.finish)
    return Audio(flac_bytes(samples, job.finish.sample_rate), samples.size)


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
