"""What the process that runs a model may use, told in a few values that travel to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memaudit.errors import UsageError

#: Seconds a recording, where the user names none: far more than any canary takes, far less than a night.
TIMEOUT = 300.0
#: Loading, and whatever is asked beside recordings, may take so many times as long as one recording.
LOADING = 10


@dataclass(frozen=True)
class Limits:
    """Limits of one process that runs a model.

    Attributes:
        timeout: seconds that a recording may take, of wall time; of a batch, so many for each of its
            recordings. None: no limit.
        max_memory: MiB that the process may use (see `memaudit.audit.engine.confine`). None: no limit.
        network: whether it keeps the network. None: it does where the model is a function of the user's,
            which may call a service, and it does not where the model is a file and the platform can drop it.
        env: names of environment variables that it is given beside the usual ones.
        restarts: so many processes may be started anew before the audit gives up.

    Raises:
        UsageError: if ``timeout`` or ``max_memory`` is not above 0.
    """

    timeout: float | None = TIMEOUT
    max_memory: int | None = None
    network: bool | None = None
    env: tuple[str, ...] = ()
    restarts: int = 100

    def __post_init__(self) -> None:
        if self.timeout is not None and not (0 < self.timeout < math.inf):
            raise UsageError(f"{self.timeout:g} s is no limit", where="--timeout", how="give 0 for none")
        if self.max_memory is not None and self.max_memory < 1:
            raise UsageError(f"{self.max_memory} MiB hold no model", where="--max-memory", how="give more")

    def seconds(self, recordings: int) -> float | None:
        """How long so many recordings may take in one go; 0 recordings: loading, or a question."""
        return None if self.timeout is None else self.timeout * (recordings or LOADING)
