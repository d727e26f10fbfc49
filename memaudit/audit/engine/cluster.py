"""The engine on a Ray cluster that is there: one model an actor, batches dealt to whichever is free.

An actor that is lost, with its node or alone, gives its batches back and is replaced; the cluster starts the
new one where it has room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from memaudit.audit.engine import hearing, wire
from memaudit.audit.engine.cluster_actor import ClusterActor
from memaudit.audit.engine.cluster_address import joined
from memaudit.audit.engine.greeted import Greeted
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.resources import Resources
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import ModelError

#: How many batches an actor has before it at a time.
AHEAD = 2
#: A batch that was lost with so many actors is given up, and its recordings are marked failed.
LOSSES = 5
#: So many actors in a row may be lost before one loads the model.
STARTS = 10
#: Seconds without a model on the cluster after which this is said.
PATIENCE = 60.0

Tell = Callable[[str], None]


@dataclass(eq=False)
class _Actor:
    handle: Any
    ready: bool = False
    lost: bool = False
    busy: int = 0


@dataclass(eq=False)
class _Unit:
    line: bytes
    items: Sequence[Item] = ()
    losses: int = field(default=0)


class Cluster(Greeted):
    """An engine of ``jobs`` actors. Use it as a context.

    Args:
        spec: the model; its files, and the recordings, are at the same paths on every node, or in ``places``.
        jobs: how many actors.
        limits: of each actor's process that runs the model.
        resources: the cluster, and what an actor takes of it.
        places: for what this machine got from a URL, its path here and the URL.
        tell: is given a line about what is lost or waited for.

    Raises:
        MissingExtraError: if Ray is not installed.
        UsageError: if there is no cluster at the address.
    """

    def __init__(
        self,
        spec: ModelSpec,
        jobs: int,
        limits: Limits,
        resources: Resources,
        places: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._ray = joined(resources.address)
        self._tell = tell or _nothing
        actor = self._ray.remote(ClusterActor).options(num_cpus=resources.cpus, num_gpus=resources.gpus)
        given = asdict(spec), asdict(limits), dict(places or {})
        self._start: Callable[[], Any] = lambda: actor.remote(*given)
        self._spec = spec
        self._loaded: wire.Loaded | None = None
        self._waiting: deque[_Unit] = deque()
        self._under_way: dict[Any, tuple[_Actor, _Unit | None]] = {}
        self._actors: list[_Actor] = []
        self._lost = 0
        for _ in range(jobs):
            self._add()

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        """See `work.Engine.run`."""
        units = [_Unit(wire.items_line(unit), unit) for unit in hearing.units(items, self.unit)]
        self._waiting.extend(units)
        self._deal()
        return self._heard(len(units))

    def call(self, function: str, *arguments: Any) -> Any:
        """See `work.Engine.call`: whichever actor is free does it."""
        self._greeting()
        self._waiting.append(_Unit(wire.line(call=function, arguments=arguments)))
        self._deal()
        _, message = self._answer()
        return message["value"]

    def close(self) -> None:
        """End the actors, and leave the cluster."""
        for actor in self._actors:
            with suppress(self._ray.exceptions.RayError, ValueError):  # it may be lost already
                self._ray.kill(actor.handle)
        self._actors.clear()
        self._ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def _heard(self, count: int) -> Iterator[Heard]:
        for _ in range(count):
            unit, message = self._answer()
            if message is None:
                for item in unit.items:
                    yield Heard(item.id, None, 0, f"the actor that heard it was lost {LOSSES} times")
            else:
                yield from wire.read_heard(message)

    def _greeting(self) -> wire.Loaded:
        while self._loaded is None:
            self._next()
        return self._loaded

    def _answer(self) -> tuple[_Unit, Any]:
        """A unit and the message that answers it, None where it is given up."""
        while True:
            found = self._next()
            if found is not None:
                return found

    def _next(self) -> tuple[_Unit, Any] | None:
        """Wait for one thing to happen; what it was, where it is an answer."""
        done: list[Any] = []
        waited = 0.0
        while not done:
            done, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=1.0)
            waited += 1.0
            if waited == PATIENCE and not any(actor.ready for actor in self._actors):
                self._tell("The cluster has had no room for the model for a minute: waiting")
        actor, unit = self._under_way.pop(done[0])
        try:
            data = self._ray.get(done[0])
        except self._ray.exceptions.RayError as error:
            return self._without(actor, unit, error)
        message = wire.read_answer(data)
        if unit is None:
            self._greet(actor, wire.read_loaded(message))
            self._deal()
            return None
        actor.busy -= 1
        self._deal()
        return unit, message

    def _greet(self, actor: _Actor, loaded: wire.Loaded) -> None:
        if self._loaded is not None and loaded != self._loaded:
            raise ModelError(
                "the nodes of the cluster load different models",
                where=self._spec.model,
                how="put the same files and versions on every node",
            )
        self._loaded = loaded
        self._lost = 0
        actor.ready = True

    def _without(self, actor: _Actor, unit: _Unit | None, error: Exception) -> tuple[_Unit, Any] | None:
        """An actor is lost: its batch goes back, and another actor is started."""
        if not actor.lost:
            actor.lost = True
            self._actors.remove(actor)
            self._lost += 1
            if self._lost > STARTS:
                raise ModelError(
                    f"{STARTS} actors in a row were lost before they had loaded the model "
                    f"({type(error).__name__})",
                    where=self._spec.model,
                    how="see Ray's logs; give the actors more memory, or other nodes",
                ) from error
            self._tell(f"An actor was lost ({type(error).__name__}); another one is started")
            self._add()
        if unit is None:
            return None
        unit.losses += 1
        if unit.losses >= LOSSES:
            if not unit.items:
                raise ModelError("the actor that was asked was lost", where=self._spec.model) from error
            return unit, None
        self._waiting.appendleft(unit)
        self._deal()
        return None

    def _add(self) -> None:
        actor = _Actor(self._start())
        self._actors.append(actor)
        self._under_way[actor.handle.loaded.remote()] = actor, None

    def _deal(self) -> None:
        """Give what waits to the actors that have least to do."""
        while self._waiting:
            free = [actor for actor in self._actors if actor.ready and actor.busy < AHEAD]
            if not free:
                return
            actor = min(free, key=lambda one: one.busy)
            unit = self._waiting.popleft()
            actor.busy += 1
            self._under_way[actor.handle.answer.remote(unit.line)] = actor, unit


def _nothing(sentence: str) -> None:
    """Where nobody is told."""
