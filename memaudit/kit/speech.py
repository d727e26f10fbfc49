"""Text to speech at 16 kHz: the same requests give the same samples, whatever the number of jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import numpy as np

from memaudit.kit.job import SAMPLE_RATE, Job
from memaudit.kit.pool import run
from memaudit.kit.speakers import Samples, Source, Speaker, SpeechRequest, make_speaker

__all__ = ["SAMPLE_RATE", "SpeechRequest", "speak"]


def speak(
    requests: Sequence[SpeechRequest],
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    source: Source = Source(),  # noqa: B008 - it cannot be changed
) -> Iterator[Samples]:
    """Speak ``requests`` in order, as float32[S] at 16 kHz with full scale 1.

    The samples depend on the requests and their order, not on ``jobs``. Every utterance is checked
    (`memaudit.kit.checks.fault`); where a speaker has a state that can go wrong, a chunk with a fault is
    spoken again by another process.

    Args:
        requests: what to speak; all are checked first.
        jobs: how many processes speak at a time.
        progress: called with the number of utterances done and their total.
        source: who speaks.

    Raises:
        SpeechError: for a voice that does not exist, or an utterance that stays faulty.
    """
    speaker = make_speaker(source)
    speaker.check(requests)
    return _speak(requests, max(1, jobs), progress, source, speaker)


def _speak(
    requests: Sequence[SpeechRequest],
    jobs: int,
    progress: Callable[[int, int], None] | None,
    source: Source,
    speaker: Speaker,
) -> Iterator[Samples]:
    unfinished = (Job(request) for request in requests)
    with closing(run(unfinished, source, speaker, jobs)) as answers:
        for done, audio in enumerate(answers, 1):
            yield np.frombuffer(audio.data, dtype="<f4").astype(np.float32)
            if progress is not None:
                progress(done, len(requests))
