"""The other end of `memaudit.audit.engine.child`: starting that process, asking it, ending it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict

from memaudit.audit.engine.environment import environment
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec

# One thread each: an audit runs several processes side by side.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
#: How long a process that has been told to end may take to, in seconds.
PATIENCE = 10.0


def python(code: str) -> list[str]:
    """A command that runs ``code``, which finds the memaudit that runs here, however it was found."""
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"]


class Process:
    """One process that loads the model of ``spec`` as soon as it is made, and keeps to ``limits``.

    Raises:
        UsageError: if a variable that it is to be given is not set.
    """

    def __init__(self, spec: ModelSpec, limits: Limits) -> None:
        code = (
            "from memaudit.audit.engine.child import main\n"
            "from memaudit.audit.engine.limits import Limits\n"
            "from memaudit.audit.engine.model_spec import ModelSpec\n"
            f"main(ModelSpec(**{asdict(spec)!r}), Limits(**{asdict(limits)!r}))"
        )
        self._process = subprocess.Popen(  # noqa: S603
            python(code),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**dict.fromkeys(_ONE_THREAD, "1"), **environment(limits.env)},
            start_new_session=True,  # its children can be ended with it, and Ctrl-C is for us alone
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Send a line; a process that has ended is noticed by `receive`."""
        if self._process.stdin is not None:
            with suppress(OSError, ValueError):
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def receive(self) -> bytes:
        """The next line of its answers, b"" or half a line where it has ended."""
        if self._process.stdout is None:
            return b""
        try:
            return self._process.stdout.readline()
        except (OSError, ValueError):
            return b""

    def ended(self) -> str:
        """How it ended, in words, once `receive` has shown that it has."""
        code = self._process.wait()
        if code >= 0:
            return f"ended with code {code}"
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"

    def stop(self) -> None:
        """End it and its children at once, while another thread may wait for its answer."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def let_go(self) -> None:
        """Tell it to end when it has answered."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def reap(self) -> None:
        """Wait until it has ended, after `stop` or `let_go`; not for ever."""
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.stop()
            self._process.wait()

    def release(self) -> None:
        """Close its pipes, once it has ended and no thread waits for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what could not be sent any more
                    pipe.close()
