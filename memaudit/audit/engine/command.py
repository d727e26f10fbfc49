"""The engine that is another program: ``--model-command 'PROGRAM ARGUMENTS'``.

The program runs once. It is given the path of a JSONL file with a line ``{"id", "audio", "text"}`` for each
recording, and the path of a JSONL file to write, with a line ``{"id", "transcript"}`` for each and, where it
knows it, ``"loss"`` in nats. The two paths stand where its arguments say ``{input}`` and ``{output}``, else
they are appended. No shell is used. What it prints goes to standard error. It is one process for all
recordings: where it crashes, or takes longer than they all may, nothing says which of them was at fault, and
there is no audit.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from memaudit.audit.engine.environment import environment
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.process import python
from memaudit.audit.engine.work import Heard, Item
from memaudit.audit.transcripts import read_transcripts
from memaudit.errors import MemauditError, ModelError, TranscriptError, UsageError
from memaudit.files import sha256_file, write_text
from memaudit.models.recognizer import ModelInfo, Recognition

NAME = "command"
_INPUT, _OUTPUT = "{input}", "{output}"
_HOW = 'it must write {"id": ..., "transcript": ..., "loss": ...} for every line that it is given'


class Command:
    """A program that hears files.

    Raises:
        UsageError: if ``command`` cannot be split into words, names no program that is there, or has only one
            of the two places; or if a variable of ``limits`` is not set.
    """

    def __init__(self, command: str, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._environment = environment(self._limits.env)
        self._words = _split(command)
        program = shutil.which(self._words[0])
        if program is None:
            raise UsageError(
                f"no program {self._words[0]!r}", where="--model-command", how="give its path, or mend PATH"
            )
        self._program = self._words[0]
        self._words[0] = program

    @property
    def info(self) -> ModelInfo:
        """The program and what files its arguments name; not the other arguments, which may hold secrets."""
        files = [Path(word) for word in self._words if Path(word).is_file()]
        return ModelInfo(
            adapter=NAME,
            files=tuple((file.name, sha256_file(file)) for file in files),
            decoder={"method": Path(self._program).name, "loss": "as the program gives it"},
        )

    @property
    def sample_rate(self) -> None:
        """None: the program reads the files."""
        return

    @property
    def unit(self) -> None:
        """None: the program runs once."""
        return

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`: everything is done when the first is taken."""
        with tempfile.TemporaryDirectory(prefix="memaudit-") as folder:
            asked, answered = Path(folder, "input.jsonl"), Path(folder, "output.jsonl")
            rows = (
                {"id": item.id, "audio": str(Path(item.audio).absolute()), "text": item.reference}
                for item in items
            )
            write_text(asked, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
            self._call(asked, answered, len(items))
            found = self._read(answered, [item.id for item in items])
        for item in items:
            yield Heard(item.id, found[item.id], 0)

    def call(self, function: str, *arguments: Any) -> Any:  # noqa: ARG002
        """A program has no recogniser: always a `UsageError`."""
        raise UsageError(f"{function} needs a model, not a program", where="--model-command")

    def close(self) -> None:
        """The program has ended when `run` has."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def _call(self, asked: Path, answered: Path, recordings: int) -> None:
        places = {_INPUT: str(asked), _OUTPUT: str(answered)}
        words = [word.replace(_INPUT, str(asked)).replace(_OUTPUT, str(answered)) for word in self._words]
        if words == self._words:
            words += places.values()
        limits = self._limits
        if limits.network is False or limits.max_memory is not None:
            words = python(
                "from memaudit.audit.engine.confine import launch\n"
                f"launch({words!r}, {limits.max_memory!r}, network={limits.network is not False!r})"
            )
        try:
            process = subprocess.Popen(  # noqa: S603
                words, stdin=subprocess.DEVNULL, stdout=2, env=self._environment, start_new_session=True
            )
        except OSError as error:
            raise self._error(f"cannot be started ({error.strerror})", "mend the program") from error
        try:
            code = process.wait(limits.seconds(recordings))
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise self._error(
                f"did not end in {error.timeout:g} s, {recordings} times --timeout", "give it more"
            ) from error
        except BaseException:
            _end(process)
            raise
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            raise self._error(how, "see above what it said, and run it by hand")
        if not answered.is_file():
            raise self._error("wrote no answers", f"write the file that the {_OUTPUT} argument names")

    def _read(self, answered: Path, ids: Sequence[str]) -> dict[str, Recognition]:
        try:
            found = read_transcripts(answered, ids)
        except TranscriptError as error:
            line = error.where.removeprefix(str(answered)).removeprefix(":")
            raise self._error(f"in its answers, line {line}: {error.what}" if line else error.what) from error
        return {name: Recognition(answer.text, answer.loss) for name, answer in found.items()}

    def _error(self, what: str, how: str = _HOW) -> MemauditError:
        return ModelError(what, where=f"--model-command {self._program}", how=how)


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"cannot be split into words ({error})", where="--model-command") from error
    if not words:
        raise UsageError("is empty", where="--model-command", how="give a program and its arguments")
    if any(_INPUT in word for word in words) != any(_OUTPUT in word for word in words):
        raise UsageError(
            f"has only one of {_INPUT} and {_OUTPUT}",
            where="--model-command",
            how="give both, or none: then both paths are appended",
        )
    return words


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it has started, at once."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
