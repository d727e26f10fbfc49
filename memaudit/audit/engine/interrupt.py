"""Ctrl-C while processes run: it must reach them even where Python loses the exception.

Python raises KeyboardInterrupt wherever the main thread happens to be. In a callback of the garbage collector
or of an import it is printed and forgotten, and who waits for a process waits on.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


class Interrupts:
    """Calls ``stop`` on SIGINT, then does what was done before; `happened` tells afterwards.

    Where this is not the main thread, or somebody has set a handler of their own, nothing is changed.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.happened = False
        self._stop = stop
        self._changed = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._changed:
            signal.signal(signal.SIGINT, self._interrupted)

    def check(self) -> None:
        """Raise the KeyboardInterrupt that may have been lost."""
        if self.happened:
            raise KeyboardInterrupt

    def restore(self) -> None:
        """Leave SIGINT as it was."""
        if self._changed:
            self._changed = False
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        self.happened = True
        self._stop()
        signal.default_int_handler(number, frame)
