"""Text to speech at 16 kHz: the same requests give the same samples, whatever the number of jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from memaudit.errors import SpeechError
from memaudit.kit.checks import fault
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.speaker_client import SAMPLE_RATE, Samples, Speaker, SpeechRequest
from memaudit.kit.voices import check_voices

__all__ = ["ATTEMPTS", "CHUNK", "SAMPLE_RATE", "SpeechRequest", "speak"]

#: Utterances that one process speaks. The samples depend on it: another size is another kit.
CHUNK = 64
#: How often a chunk is spoken before its fault is reported.
ATTEMPTS = 3


def speak(
    requests: Sequence[SpeechRequest],
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Samples]:
    """Speak ``requests`` in order, as float32[S] at 16 kHz with full scale 1.

    Chunks of `CHUNK` requests are each spoken by a fresh process, so the samples depend on the requests
    and their order, not on ``jobs``. Every utterance is checked (`fault`); a chunk with a fault is spoken
    again by another process.

    Args:
        requests: what to speak; all voices are checked first.
        jobs: how many processes speak at a time.
        progress: called with the number of utterances done and their total.

    Raises:
        SpeechError: for a voice that does not exist, or an utterance that stays faulty.
    """
    check_voices({request.voice for request in requests})
    return _speak(requests, max(1, jobs), progress)


def _speak(
    requests: Sequence[SpeechRequest], jobs: int, progress: Callable[[int, int], None] | None
) -> Iterator[Samples]:
    chunks = deque(requests[start : start + CHUNK] for start in range(0, len(requests), CHUNK))
    speakers: SimpleQueue[Speaker] = SimpleQueue()
    for _ in range(min(jobs, len(chunks))):
        speakers.put(Speaker())

    def work(chunk: Sequence[SpeechRequest]) -> list[Samples]:
        speaker = speakers.get()
        try:
            return _checked(speaker, chunk)
        finally:
            speakers.put(speaker)

    done = 0
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="speech")
    running: deque[Future[list[Samples]]] = deque()
    try:
        while chunks or running:
            while chunks and len(running) < jobs + 1:  # one more than jobs, so that none waits for the reader
                running.append(pool.submit(work, chunks.popleft()))
            for samples in running.popleft().result():
                yield samples
                done += 1
                if progress is not None:
                    progress(done, len(requests))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        while not speakers.empty():
            speakers.get().close()


def _checked(speaker: Speaker, chunk: Sequence[SpeechRequest]) -> list[Samples]:
    wrong = ""
    for _ in range(ATTEMPTS):
        try:
            spoken = speaker.ask(chunk)
        except SpeechError as error:
            wrong = str(error)
            speaker.close()
            continue
        faults = (_fault(request, samples) for request, samples in zip(chunk, spoken, strict=True))
        wrong = next((what for what in faults if what), "")
        if not wrong:
            return spoken
    raise SpeechError(
        f"{wrong} ({ATTEMPTS} attempts, each in a new process)",
        where="speech",
        how="try another voice or other texts; `memaudit doctor` shows what works here",
    )


def _fault(request: SpeechRequest, samples: Samples) -> str:
    """What is wrong with one utterance, and which; or nothing."""
    pace = (request.rate or DEFAULT_RATE) / DEFAULT_RATE
    what = fault(samples, SAMPLE_RATE, request.text, pace)
    return f"{what} for text {request.text!r} in voice {request.voice!r}" if what else ""
