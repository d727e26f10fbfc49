"""Runs the jobs of a study side by side; those whose folders are there already are done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import memaudit
from memaudit.lab.study_commands import StudyError
from memaudit.lab.study_jobs import Job

Progress = Callable[[int, int], None]
Note = Callable[[str], None]


def run_jobs(study: Path, jobs: Sequence[Job], *, workers: int, progress: Progress, note: Note) -> None:
    """Do every job that is not done, ``workers`` at a time.

    Args:
        study: the study's folder.
        jobs: all of them, each after what it needs.
        workers: processes, each with one thread for the arithmetic.
        progress: called with the share of the whole time that is done, and the whole.
        note: called with a line for each job that ends.

    Raises:
        StudyError: naming the first job that fails; the others are ended then.
    """
    board = Board(study, jobs, progress, note)
    threads = [
        threading.Thread(target=_serve, args=(study, board), daemon=True)
        for _ in range(min(workers, board.open))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # so that an interruption comes through
    except BaseException:
        board.stop(None)
        raise
    if board.error is not None:
        raise board.error


class Board:
    """Which jobs are done, under way and to do; shared by the threads that wait for the workers."""

    def __init__(self, study: Path, jobs: Sequence[Job], progress: Progress, note: Note) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._done = {name for name in self._jobs if (study / name).is_dir()}
        self._todo = [job for job in jobs if job.name not in self._done]
        self._shares: dict[str, float] = {}
        self._change = threading.Condition()
        self._progress = progress
        self._note = note
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = False
        self.error: StudyError | None = None
        if self._done and self._todo:
            note(f"{len(self._done)} of {len(jobs)} parts are there already")

    @property
    def open(self) -> int:
        """How many jobs are to do."""
        return len(self._todo)

    def take(self) -> Job | None:
        """The next job whose needs are done, waiting for one; None where there will be no more."""
        with self._change:
            while self._todo and not self._stopped:
                for job in self._todo:
                    if self._done.issuperset(job.needs):
                        self._todo.remove(job)
                        self._shares[job.name] = 0.0
                        return job
                self._change.wait()
            return None

    def tell(self, job: Job, share: float) -> None:
        """A job under way has come so far, of 1."""
        with self._change:
            self._shares[job.name] = share
            self._show()

    def finish(self, job: Job) -> None:
        """A job is done."""
        with self._change:
            del self._shares[job.name]
            self._done.add(job.name)
            self._note(f"{job.name} ({len(self._done)} of {len(self._jobs)})")
            self._show()
            self._change.notify_all()

    def stop(self, error: StudyError | None) -> None:
        """Begin nothing more and end what is under way."""
        with self._change:
            self._stopped = True
            self.error = self.error or error
            for process in self._processes:
                process.kill()
            self._change.notify_all()

    def started(self, process: subprocess.Popen[str]) -> None:
        """A worker that `stop` ends."""
        with self._change:
            self._processes.add(process)
            if self._stopped:
                process.kill()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def _show(self) -> None:
        whole = sum(job.weight for job in self._jobs.values())
        done = sum(self._jobs[name].weight for name in self._done)
        under_way = sum(self._jobs[name].weight * share for name, share in self._shares.items())
        self._progress(round(10 * (done + under_way)), round(10 * whole))


def _serve(study: Path, board: Board) -> None:
    """Give one worker job after job."""
    process: subprocess.Popen[str] | None = None
    job: Job | None = None
    try:
        while (job := board.take()) is not None:
            process = process or _start(study, board)
            error = _done_by(process, job, board)
            if error is not None:
                board.stop(error)
                return
            board.finish(job)
    except OSError as error:
        if not board.stopped:
            board.stop(StudyError(f"its process ended ({error})", where=job.name if job else "lab run"))
    finally:
        if process is not None:
            _end(process)


def _start(study: Path, board: Board) -> subprocess.Popen[str]:
    here = str(Path(memaudit.__file__).parent.parent)
    paths = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "memaudit.lab.study_worker", str(study.resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
    )
    board.started(process)
    return process


def _done_by(process: subprocess.Popen[str], job: Job, board: Board) -> StudyError | None:
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipes")
    process.stdin.write(job.name + "\n")
    process.stdin.flush()
    for line in process.stdout:
        answer = json.loads(line)
        if "finished" in answer:
            return None
        if "failed" in answer:
            what, where, how = answer["failed"]
            return StudyError(f"{where}: {what}" if where else what, where=job.name, how=how)
        board.tell(job, answer["done"] / max(1, answer["total"]))
    return StudyError(f"its process ended with exit code {process.wait()}", where=job.name)


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    process.wait()
