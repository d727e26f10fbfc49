"""The speaking process: chunks of texts come in on standard input, their samples go out on standard output.

espeak-ng keeps state from one utterance to the next, so each chunk must meet the library as fresh as the
one before did. Where the platform can fork, every chunk is spoken by a child of this process, in which the
library is initialised and has said nothing; elsewhere this process speaks one chunk and ends. Only the
standard library and the espeak-ng binding are imported here, so that starting is cheap.

A chunk is one line of JSON, ``[[text, voice, rate], ...]``. The answer is one line of JSON,
``{"sample_rate": Hz, "sizes": [bytes, ...]}``, and then the samples, 16-bit little-endian mono; or
``{"error": ...}`` alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

from memaudit.errors import MemauditError

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"


def main(forking: bool = CAN_FORK) -> None:
    """Answer chunks until standard input ends (or, without forking, answer one)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent closes our input when it is interrupted
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)  # a line printed by a library must not land among the samples
    with suppress(BrokenPipeError):
        if forking:
            _serve(sys.stdin.buffer, answers)
        else:
            answers.write(_answer(sys.stdin.buffer.readline()))
            answers.flush()


def _serve(chunks: BinaryIO, answers: BinaryIO) -> None:
    # A failure here shows again in every child, which reports it.
    with suppress(MemauditError):
        from memaudit.kit.espeak import engine

        engine()
    for chunk in iter(chunks.readline, b""):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                with os.fdopen(writing, "wb") as pipe:
                    pipe.write(_answer(chunk))
                os._exit(0)
            finally:
                os._exit(1)  # reached only by an error: a child must never go on as its parent
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        if status:
            code = os.waitstatus_to_exitcode(status)
            answer = _error(f"the speaking process ended with code {code}")
        answers.write(answer)
        answers.flush()


def _answer(chunk: bytes) -> bytes:
    """Speak one chunk with the library as it is now."""
    from memaudit.kit.espeak import engine

    try:
        spoken = [engine().say(text, voice, rate) for text, voice, rate in json.loads(chunk)]
        head = {"sample_rate": engine().sample_rate, "sizes": [len(samples) for samples in spoken]}
    except MemauditError as error:
        return _error(str(error))
    return json.dumps(head).encode() + b"\n" + b"".join(spoken)


def _error(what: str) -> bytes:
    return json.dumps({"error": what}).encode() + b"\n"


if __name__ == "__main__":
    main()
