"""From a model that the user names to an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.process import Process
from memaudit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memaudit.audit.engine.work import Engine


def open_engine(
    spec: ModelSpec,
    jobs: int = 1,
    limits: Limits | None = None,
    tell: Callable[[str], None] | None = None,
) -> Engine:
    """Start ``jobs`` processes, each of which begins to load the model.

    The model is never loaded into this process: whatever it does there, the audit goes on, or ends with one
    line that says where. Errors of loading come from the engine's ``info`` and ``run``.

    Args:
        spec: the model.
        jobs: how many.
        limits: what each of them may use; None: the usual ones.
        tell: is given a line about each recording that fails, and each process that is started again, while
            results are taken.

    Raises:
        UsageError: if ``jobs`` is not at least 1, or a variable of ``limits`` is not set.
    """
    limits = limits or Limits()
    if jobs < 1:
        raise UsageError(f"{jobs} processes cannot score", where="--jobs", how="give 1 or more")
    started: list[Process] = []
    try:
        started.extend(Process(spec, limits) for _ in range(jobs))
        # Imported while the processes start: this is where numpy comes in.
        from memaudit.audit.engine.processes import Processes

        return Processes(started, spec, limits, tell)
    except BaseException:
        for process in started:
            process.stop()
            process.reap()
            process.release()
        raise
