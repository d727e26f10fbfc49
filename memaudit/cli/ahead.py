"""Importing what takes long while this process only waits for others."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module


def import_ahead(*modules: str) -> None:
    """Begin to import ``modules`` in a thread; whoever imports them later waits only for what is left.

    An error is not told here: it comes again where the module is imported to be used.
    """

    def work() -> None:
        for name in modules:
            with suppress(Exception):
                import_module(name)

    threading.Thread(target=work, name="import-ahead", daemon=True).start()
