"""The process that hears: loads a model, then answers a line with a line until its input ends.

What the model's code prints on standard output goes to standard error, so that it cannot land among the
answers.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pkgutil import resolve_name
from queue import SimpleQueue
from typing import Any, BinaryIO

from memaudit.audit.engine.confine import allow_cpu, drop_network, limit_memory
from memaudit.audit.engine.failure import unexpected
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.errors import MemauditError, UsageError

#: How long the process may go on, in seconds, when nobody is left to ask it.
GRACE = 2.0

_DOCTOR = "see memaudit doctor, or leave it out"


def main(spec: ModelSpec, limits: Limits) -> None:
    """Load, say so, and answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us when it is interrupted
    unheld = confine(spec, limits)
    asking, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)  # a model's code must not read what is for us
    os.dup2(2, 1)
    asked: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(asking, asked), daemon=True).start()
    with suppress(BrokenPipeError):
        _serve(spec, limits, unheld, asked, answers)
    if not spec.is_function:
        os._exit(0)  # a session takes long to tear down, and leaves nothing behind


def confine(spec: ModelSpec, limits: Limits) -> UsageError | None:
    """Give up what the model is not to have; the error where something was asked for that is not held here.

    Before there is a second thread, and before anything of the model is read.
    """
    network = spec.is_function if limits.network is None else limits.network
    if not network and not drop_network() and limits.network is False:
        return UsageError("the network cannot be dropped here", where="--no-network", how=_DOCTOR)
    if limits.max_memory is not None and not limit_memory(limits.max_memory):
        return UsageError("no limit of memory is held here", where="--max-memory", how=_DOCTOR)
    return None


def _listen(stream: BinaryIO, asked: SimpleQueue[bytes]) -> None:
    """Read on while the model is busy, so that the end of the parent is seen even then."""
    for data in iter(stream.readline, b""):
        asked.put(data)
    asked.put(b"")
    time.sleep(GRACE)
    os._exit(1)


def _serve(
    spec: ModelSpec,
    limits: Limits,
    unheld: UsageError | None,
    asked: SimpleQueue[bytes],
    answers: BinaryIO,
) -> None:
    import json

    from memaudit.audit.engine import hearing, wire

    def answer(data: bytes) -> None:
        answers.write(data)
        answers.flush()

    try:
        if unheld is not None:
            raise unheld
        allow_cpu(limits.seconds(0))
        model = spec.load()
        info = spec.recorded(model.info)
        answer(wire.loaded_line(wire.Loaded(info, model.sample_rate, hearing.unit_size(model))))
    except MemauditError as error:
        answer(wire.failure_line(error))
        return
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        answer(wire.failure_line(unexpected(error, "loading", where=spec.model)))
        return
    for data in iter(asked.get, b""):
        message: dict[str, Any] = json.loads(data)
        allow_cpu(limits.seconds(len(message.get("items", ()))))
        try:
            if "items" in message:
                found = wire.heard_line(hearing.hear_each(model, wire.read_items(message)))
            else:
                found = wire.line(value=resolve_name(message["call"])(model, *message["arguments"]))
        except MemauditError as error:
            found = wire.failure_line(error)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            found = wire.failure_line(unexpected(error, str(message.get("call", "hearing"))))
        answer(found)
