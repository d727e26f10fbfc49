"""The process that speaks: chunks of jobs come in on standard input, audio goes out on standard output.

espeak-ng keeps state from one utterance to the next, so each chunk must meet it as fresh as the one before
did. Where the platform can fork, every chunk of such a speaker is spoken by a child of this process, in which
the speaker is made and has said nothing; elsewhere this process speaks one chunk and ends. The child also
stretches, encodes and writes the file, so that several of these processes share all of the work.

A chunk is one line of JSON, a list of `memaudit.kit.job.Job` as dictionaries. The answer is one line of JSON,
``{"done": [[bytes, samples, SHA-256], ...]}``, and then the bytes of each job; or an error as
`memaudit.kit.job.Failure` alone.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

from memaudit.errors import MemauditError
from memaudit.kit.job import Failure, Job, perform
from memaudit.kit.speakers import Source, Speaker, make_speaker

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"


def main(source: Source, forking: bool = CAN_FORK) -> None:
    """Answer chunks until standard input ends (or, for a speaker with state and without forking, one)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us when it is interrupted
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)  # a line printed by a library must not land among the audio
    with suppress(BrokenPipeError):
        _serve(source, forking, sys.stdin.buffer, answers)


def _serve(source: Source, forking: bool, chunks: BinaryIO, answers: BinaryIO) -> None:
    speaker: Speaker | None = None
    refusal = b""
    try:
        speaker = make_speaker(source)
    except MemauditError as error:
        refusal = Failure.of(error).line()
    for chunk in iter(chunks.readline, b""):
        if speaker is None:
            answers.write(refusal)
        elif speaker.fresh and forking:
            answers.write(_in_a_child(speaker, chunk))
        else:
            answers.write(_answer(speaker, chunk))
        answers.flush()
        if speaker is not None and speaker.fresh and not forking:
            return


def _in_a_child(speaker: Speaker, chunk: bytes) -> bytes:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(_answer(speaker, chunk))
            os._exit(0)
        finally:
            os._exit(1)  # reached only by an error: a child must never go on as its parent
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        code = os.waitstatus_to_exitcode(status)
        return Failure(f"the speaking process ended with code {code}", again=True).line()
    return answer


def _answer(speaker: Speaker, chunk: bytes) -> bytes:
    """Do one chunk with the speaker as it is now."""
    try:
        done = []
        for row in json.loads(chunk):
            if _abandoned():
                os._exit(1)  # whoever goes on with the kit must be alone in its folder
            done.append(perform(speaker, Job.read(row)))
    except MemauditError as error:
        return Failure.of(error).line()
    except Exception as error:  # a plug-in may raise anything  # noqa: BLE001
        what = f"the speaker failed ({type(error).__name__}: {error})"
        return Failure(what, how="ask those who made it, or use another speech.engine").line()
    head = {"done": [[len(audio.data), audio.frames, audio.sha256] for audio in done]}
    return json.dumps(head).encode() + b"\n" + b"".join(audio.data for audio in done)


def _abandoned() -> bool:
    """Whether nobody waits for the answer: nothing is sent before it, so what can be read is the end."""
    return os.name == "posix" and bool(select.select([0], [], [], 0)[0])
