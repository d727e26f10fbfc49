"""The other end of `memaudit.kit.speaker`: starting that process, asking it, ending it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from memaudit.errors import SpeechError
from memaudit.kit.speaker import CAN_FORK

#: Sample rate of the answers, in Hz.
SAMPLE_RATE = 16_000

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One utterance to speak: espeak-ng voice such as ``en-us+f2``, rate in words a minute or None."""

    text: str
    voice: str
    rate: int | None = None


class Speaker:
    """One process of `memaudit.kit.speaker`, started when it is first asked and again after `close`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, chunk: Sequence[SpeechRequest]) -> list[Samples]:
        """Have a fresh state of the library speak ``chunk``: float32[S] at `SAMPLE_RATE` each.

        Raises:
            SpeechError: if the library refuses, or the process ends before it has answered.
        """
        line = json.dumps([[request.text, request.voice, request.rate] for request in chunk])
        answer: dict[str, object] = {}
        try:
            process = self._process = self._process or start()
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


def start() -> subprocess.Popen[bytes]:
    """A new speaking process, with pipes to and from it."""
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
