"""The other end of `memaudit.kit.worker`: starting that process, asking it, ending it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from memaudit.kit.job import Audio, Failure, FaultError, Job
from memaudit.kit.speakers import Source
from memaudit.kit.worker import CAN_FORK


class Worker:
    """One speaking process, started when it is first asked and again after `close`."""

    def __init__(self, source: Source, fresh: bool) -> None:
        self._source = source
        self._once = fresh and not CAN_FORK
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def ask(self, chunk: Sequence[Job]) -> list[Audio]:
        """Have ``chunk`` done, for a speaker with state by one that has said nothing yet.

        Raises:
            FaultError: if the process ends before it has answered, or speech is faulty.
            MemauditError: if the speaker refuses.
        """
        line = json.dumps([asdict(job) for job in chunk])
        try:
            if self._stopped:
                raise FaultError("the speaking process was stopped", where="speech")
            process = self._process = self._process or start(self._source)
            if self._stopped:  # while it started
                self.stop()
            if process.stdin is None or process.stdout is None:
                raise FaultError("the speaking process has no pipes", where="speech")
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            head = json.loads(process.stdout.readline())
            done = [
                Audio(frames, sha256, process.stdout.read(size))
                for size, frames, sha256 in head.get("done", ())
            ]
        except (OSError, ValueError) as error:
            what = f"the speaking process ended before it answered ({error})"
            raise FaultError(what, where="speech") from error
        finally:
            if self._once:
                self.close()  # it has spoken its one chunk
        if "failure" in head:
            raise Failure(**head["failure"]).error()
        if len(done) != len(chunk) or any(
            len(audio.data) != size for audio, (size, *_) in zip(done, head["done"], strict=True)
        ):
            raise FaultError("the speaking process ended in the middle of an answer", where="speech")
        return done

    def stop(self) -> None:
        """End the process and its children at once, while another thread may wait for its answer.

        None is started again.
        """
        self._stopped = True
        if self._process is None:
            return
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def close(self) -> None:
        """End the process when it has answered."""
        if self._process is None:
            return
        with suppress(OSError):
            self._process.__exit__(None, None, None)  # closes both pipes, which ends it, and waits
        self._process = None


def start(source: Source) -> subprocess.Popen[bytes]:
    """A new speaking process, with pipes to and from it."""
    # -c and this process's search path, so that it finds the memaudit that runs here however it was found.
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from memaudit.kit.worker import main\n"
        "from memaudit.kit.speakers import Source\n"
        f"main(Source(**{asdict(source)!r}))"
    )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # its children can be ended with it, and Ctrl-C is for us alone
    )
