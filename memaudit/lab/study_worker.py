"""A process that does jobs of a study, one after another.

It is given the study's folder, reads a job's name a line on its standard input, and writes JSON lines:
``{"done": 3, "total": 40}`` now and then, and at the end ``{"finished": NAME}`` or ``{"failed": [what, where,
how]}``. It ends when its input does, in the middle of a job if need be, so it never outlives its parent.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import IO, Any

from memaudit.errors import MemauditError
from memaudit.lab.study_folder import read_study
from memaudit.lab.study_jobs import Doer


def main() -> None:
    """Do what comes in."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed is no answer
    names: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(names,), daemon=True).start()
    study = Path(sys.argv[1])
    doer = Doer(study, read_study(study).profile)
    while True:
        name = names.get()
        try:
            doer.do(name, _Teller(answers))
        except MemauditError as error:
            _say(answers, {"failed": [error.what, error.where, error.how]})
        else:
            _say(answers, {"finished": name})


def _listen(names: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        names.put(line.strip())
    os._exit(1)


class _Teller:
    """Passes on progress, a hundredth at a time."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        part = 100 * done // max(1, total)
        if part > self._told:
            self._told = part
            _say(self._answers, {"done": done, "total": total})


def _say(answers: IO[str], value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
