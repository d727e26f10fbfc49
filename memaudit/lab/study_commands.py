"""memaudit's own commands as a user runs them, with what they ended with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import memaudit
from memaudit.errors import MemauditError


class StudyError(MemauditError, RuntimeError):
    """A part of a study that did not come to its end."""


@dataclass(frozen=True)
class Ran:
    """A command that was run in the study's folder: its line, exit code and seconds."""

    command: str
    exit_code: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return asdict(self)


@dataclass(frozen=True)
class Place:
    """A folder that is being built for a job of a study.

    Attributes:
        study: the study's folder, absolute; commands run there.
        building: where the job writes now, below ``study``.
        final: what it will be called.
    """

    study: Path
    building: Path
    final: Path

    def command(self, *arguments: str | Path, accepted: Sequence[int] = (0,)) -> Ran:
        """Run ``memaudit ARGUMENTS``; paths below the study are given relative to it.

        Neither settings files nor environment variables of the user change its options.

        Raises:
            StudyError: with the command's last line, if it ends with another exit code than the accepted.
        """
        words = [self._word(item) for item in arguments]
        line = " ".join(["memaudit", *words]).replace(self._word(self.building), self._word(self.final))
        started = time.perf_counter()
        ended = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "memaudit", *words],
            cwd=self.study,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode not in accepted:
            last = (ended.stderr.strip() or ended.stdout.strip() or "nothing said").splitlines()[-1]
            raise StudyError(f"ended with exit code {ended.returncode}: {last}", where=line)
        return Ran(line, ended.returncode, round(time.perf_counter() - started, 2))

    def _word(self, item: str | Path) -> str:
        if isinstance(item, Path) and item.is_relative_to(self.study):
            return item.relative_to(self.study).as_posix()
        return str(item)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEMAUDIT_")}
    here = str(Path(memaudit.__file__).parent.parent)
    others = kept.get("PYTHONPATH", "")
    kept["PYTHONPATH"] = os.pathsep.join([here, others] if others else [here])
    kept["OMP_NUM_THREADS"] = "1"
    return kept
