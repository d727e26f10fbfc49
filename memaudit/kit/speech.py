"""Text to speech at 16 kHz: the same requests give the same samples, whatever the number of jobs."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
import soxr
from numpy.typing import NDArray

from memaudit.errors import SpeechError
from memaudit.kit.checks import fault
from memaudit.kit.espeak import DEFAULT_RATE, engine, variants
from memaudit.kit.speaker import CAN_FORK

#: Sample rate of what `speak` yields, in Hz.
SAMPLE_RATE = 16_000
#: Utterances that one process speaks. The samples depend on it: another size is another kit.
CHUNK = 64
#: How often a chunk is spoken before its fault is reported.
ATTEMPTS = 3

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One utterance to speak: espeak-ng voice such as ``en-us+f2``, rate in words a minute or None."""

    text: str
    voice: str
    rate: int | None = None


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
    speakers: SimpleQueue[_Speaker] = SimpleQueue()
    for _ in range(min(jobs, len(chunks))):
        speakers.put(_Speaker())

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


def _checked(speaker: _Speaker, chunk: Sequence[SpeechRequest]) -> list[Samples]:
    wrong = ""
    for _ in range(ATTEMPTS):
        try:
            spoken = speaker.ask(chunk)
        except SpeechError as error:
            wrong = str(error)
            speaker.close()
            continue
        faults = (
            (
                request,
                fault(samples, SAMPLE_RATE, request.text, (request.rate or DEFAULT_RATE) / DEFAULT_RATE),
            )
            for request, samples in zip(chunk, spoken, strict=True)
        )
        found = next(((request, what) for request, what in faults if what), None)
        if found is None:
            return spoken
        wrong = f"{found[1]} for text {found[0].text!r} in voice {found[0].voice!r}"
    raise SpeechError(
        f"{wrong} ({ATTEMPTS} attempts, each in a new process)",
        where="speech",
        how="try another voice or other texts; `memaudit doctor` shows what works here",
    )


class _Speaker:
    """One process of `memaudit.kit.speaker`, started when it is first asked and again after `close`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, chunk: Sequence[SpeechRequest]) -> list[Samples]:
        """Have a fresh state of the library speak ``chunk``."""
        line = json.dumps([[request.text, request.voice, request.rate] for request in chunk])
        answer: dict[str, object] = {}
        try:
            process = self._process = self._process or _start()
            if process.stdin is None or process.stdout is None:
                raise SpeechError("the speaking process has no pipes", where="speech")
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "error" in answer:
                raise SpeechError(str(answer["error"]))
            sizes: Iterable[int] = answer["sizes"]  # type: ignore[assignment]
            pieces = [process.stdout.read(size) for size in sizes]
        except (OSError, ValueError) as error:
            if isinstance(error, SpeechError):
                raise
            raise SpeechError(f"the speaking process ended before it answered ({error})") from error
        finally:
            if not CAN_FORK:
                self.close()  # it has spoken its one chunk
        if [len(piece) for piece in pieces] != list(sizes):
            raise SpeechError("the speaking process ended in the middle of an answer")
        return [_at_16_khz(piece, int(answer["sample_rate"])) for piece in pieces]  # type: ignore[call-overload]

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        with suppress(OSError):
            self._process.__exit__(None, None, None)  # closes both pipes, which ends it, and waits
        self._process = None


def _start() -> subprocess.Popen[bytes]:
    # -c and this process's search path, so that it finds the memaudit that runs here however it was found.
    code = f"import sys; sys.path[:] = {sys.path!r}; from memaudit.kit.speaker import main; main()"
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _at_16_khz(native: bytes, sample_rate: int) -> Samples:
    samples = np.frombuffer(native, dtype="<i2").astype(np.float32) / np.float32(32768)
    if samples.size == 0:
        return samples
    return np.asarray(soxr.resample(samples, sample_rate, SAMPLE_RATE), dtype=np.float32)


def check_voices(voices: Iterable[str]) -> None:
    """Refuse voices that espeak-ng does not have, naming near ones.

    espeak-ng itself falls back to the plain voice in silence where a variant does not exist.

    Raises:
        SpeechError: for the first unknown voice.
    """
    names = sorted(engine().voices)
    for voice in sorted(voices):
        language, plus, variant = voice.partition("+")
        if language not in names:
            near = difflib.get_close_matches(language, names, n=4, cutoff=0.4)
            raise SpeechError(
                f"espeak-ng has no voice {language!r}",
                where=f"voice {voice!r}",
                how="near names: " + ", ".join(near or names[:5]),
            )
        if plus and variant not in variants():
            near = difflib.get_close_matches(variant, sorted(variants()), n=4, cutoff=0.3)
            raise SpeechError(
                f"espeak-ng has no variant {variant!r}",
                where=f"voice {voice!r}",
                how="near names: " + ", ".join(f"{language}+{name}" for name in near or ["f2", "m3"]),
            )
