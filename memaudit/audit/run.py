"""A kit through a recogniser, or through transcripts that another system made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

from memaudit.audit.transcripts import read_transcripts
from memaudit.audit.utterances import Utterance, scored
from memaudit.errors import AudioError, MemauditError
from memaudit.kit.audio import read_audio
from memaudit.kit.canary import Canary
from memaudit.kit.store import Kit
from memaudit.models.recognizer import Recognition, Recognizer, Samples

Progress = Callable[[int, int], None]


def score_model(kit: Kit, recognizer: Recognizer, progress: Progress | None = None) -> list[Utterance]:
    """Transcribe every canary and control, and measure the loss of its reference.

    Args:
        kit: an opened kit.
        recognizer: a loaded model; audio of another rate is resampled to its own.
        progress: called with (done, total) after each utterance.

    Raises:
        AudioError, TokenError, ModelError: naming the utterance that failed.
    """
    found = []
    for number, canary in enumerate(kit.canaries, 1):
        path = kit.audio_path(canary)
        samples, rate = read_audio(path)
        try:
            heard = recognizer.recognize(at_rate(samples, rate, recognizer.sample_rate), canary.text)
        except MemauditError as error:
            error.where = f"{path}: {error.where}" if error.where else str(path)
            raise
        found.append(_utterance(canary, heard))
        if progress is not None:
            progress(number, len(kit.canaries))
    return found


def at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    """Mono samples at another rate, by soxr; unchanged where the rate is right already.

    Raises:
        AudioError: if there are no samples.
    """
    if samples.size == 0:
        raise AudioError("has no samples", how="remove the file or record it again")
    if rate == wanted:
        return samples
    return np.ascontiguousarray(soxr.resample(samples, rate, wanted), dtype=np.float32)


def score_transcripts(kit: Kit, path: Path) -> list[Utterance]:
    """Join a transcripts file to the kit by id.

    Raises:
        TranscriptError: if the file does not cover the kit, each canary once.
    """
    found = read_transcripts(path, [canary.id for canary in kit.canaries])
    return [
        _utterance(canary, Recognition(found[canary.id].text, found[canary.id].loss))
        for canary in kit.canaries
    ]


def _utterance(canary: Canary, heard: Recognition) -> Utterance:
    return scored(
        id=canary.id,
        arm=canary.arm,
        pair=canary.pair,
        repetitions=canary.repetitions,
        speed=canary.speed,
        voice=canary.voice,
        reference=canary.text,
        transcript=heard.transcript,
        loss=heard.loss,
        tokens=heard.tokens,
        infeasible=heard.infeasible,
    )
