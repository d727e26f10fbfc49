"""Model families of other packages: the entry point group ``memaudit.recognizers``.

An entry point's name is the adapter's, and its object an `Adapter`. What goes wrong in a plug-in is one line
that names it, and never keeps another family from working.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from memaudit.errors import MemauditError, ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles
from memaudit.models.recognizer import Recognizer

GROUP = "memaudit.recognizers"

_log = logging.getLogger(__name__)
T = TypeVar("T")


class PlugInError(ModelError):
    """A plug-in that does not do what it should; ``where`` names it."""


def plug_in_names() -> tuple[str, ...]:
    """The adapters that plug-ins offer, sorted; none of them is imported."""
    return tuple(sorted(_offered()))


def plug_in(name: str, taken: Collection[str]) -> Adapter:
    """The adapter of one plug-in; the others are not imported.

    Args:
        name: one of `plug_in_names`.
        taken: the names of our own families, which no plug-in may have.

    Raises:
        PlugInError: if it cannot be imported, gives something else, or may not have the name.
    """
    return _loaded(name, _offered()[name], taken)


def plug_ins(taken: Collection[str]) -> dict[str, Adapter]:
    """The adapters of all plug-ins by name; a warning names each that is left out, and why."""
    found: dict[str, Adapter] = {}
    for name in plug_in_names():
        try:
            found[name] = plug_in(name, taken)
        except PlugInError as error:
            warn_of(error)
    return found


def warn_of(error: PlugInError) -> None:
    """Tell the user of a plug-in that is left out, in one line."""
    _log.warning("%s", error)


def _offered() -> dict[str, list[EntryPoint]]:
    offered: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        offered.setdefault(point.name, []).append(point)
    return offered


def _loaded(name: str, points: list[EntryPoint], taken: Collection[str]) -> Adapter:
    where = ", ".join(dict.fromkeys(_described(point) for point in points))
    if name in taken:
        raise PlugInError(
            f"offers the adapter {name}, which is memaudit's own: it is left out",
            where=where,
            how="its makers must give it another name",
        )
    if len({point.value for point in points}) > 1:
        raise PlugInError(f"all offer the adapter {name}", where=where, how="uninstall all but one")
    try:
        adapter = points[0].load()
    except Exception as error:  # foreign code may raise anything
        raise PlugInError(
            f"cannot be imported ({_reason(error)})", where=where, how="install it again, or ask its makers"
        ) from error
    if not isinstance(adapter, Adapter):
        raise PlugInError(
            f"{points[0].value} is a {type(adapter).__name__}, not a memaudit.models.adapter.Adapter",
            where=where,
        )
    if adapter.name != name:
        raise PlugInError(f"offers the adapter {name}, which calls itself {adapter.name}", where=where)
    return _guarded(adapter, where)


def _guarded(adapter: Adapter, where: str) -> Adapter:
    """The adapter, whatever goes wrong in it one `MemauditError`."""

    def load(description: Description, options: LoadOptions) -> Recognizer:
        recognizer: Any = _called(
            where, f"fails on {description.path.name}", adapter.load, description, options
        )
        if not isinstance(recognizer, Recognizer):
            raise PlugInError(f"gives a {type(recognizer).__name__}, not a recogniser", where=where)
        return recognizer

    def detect(files: ModelFiles) -> Detected | None:
        if adapter.detect is None:
            return None
        found: Any = _called(where, f"fails on {files.given.name}", adapter.detect, files)
        if found is not None and not isinstance(found, Detected):
            raise PlugInError(f"detects a {type(found).__name__}, not a Detected", where=where)
        return found

    return replace(adapter, load=load, detect=None if adapter.detect is None else detect)


def _called(where: str, what: str, function: Callable[..., T], *given: object) -> T:
    try:
        return function(*given)
    except MemauditError:
        raise
    except Exception as error:  # foreign code may raise anything
        raise PlugInError(f"{what} ({_reason(error)})", where=where, how="ask its makers") from error


def _described(point: EntryPoint) -> str:
    return (
        f"the plug-in {point.dist.name} {point.dist.version}" if point.dist else f"the plug-in {point.value}"
    )


def _reason(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 240 else text[:237] + "..."
