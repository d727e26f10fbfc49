"""Which speakers there are: our own, and plug-ins of the entry point group ``memaudit.speakers``."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from memaudit.errors import MemauditError, RecipeError, SpeechError
from memaudit.kit.speakers.base import Source, Speaker
from memaudit.kit.speakers.command import CommandSpeaker
from memaudit.kit.speakers.espeak_ng import EspeakSpeaker
from memaudit.kit.speakers.hibari import HibariSpeaker
from memaudit.kit.speakers.recordings import RecordingSpeaker

GROUP = "memaudit.speakers"

BUILT_IN: dict[str, Callable[[Source], Speaker]] = {
    "pyttsx3": EspeakSpeaker,
    "hibari": HibariSpeaker,
    "command": CommandSpeaker,
    "recordings": RecordingSpeaker,
}


def speaker_names() -> tuple[str, ...]:
    """Our own, then the installed plug-ins by name."""
    return (*BUILT_IN, *sorted(_plug_ins().keys() - BUILT_IN.keys()))


def check_engine(name: str, where: str) -> None:
    """Refuse the name of no speaker.

    Raises:
        RecipeError: naming near ones.
    """
    names = speaker_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3) or names
        raise RecipeError(
            "is not allowed, since there is no such speaker",
            where=where,
            how=f"allowed: {', '.join(near)}, or an installed plug-in of the entry point group {GROUP}",
        )


def make_speaker(source: Source) -> Speaker:
    """The speaker of that name.

    Raises:
        RecipeError: if there is none.
        SpeechError: if a plug-in cannot be loaded.
        MissingExtraError: if the packages of one of our own are not installed.
    """
    if source.engine in BUILT_IN:
        return BUILT_IN[source.engine](source)
    check_engine(source.engine, f"speech.engine = {source.engine!r}")
    plug_in = _plug_ins()[source.engine]
    try:
        made: Speaker = plug_in.load()(source)
    except MemauditError:
        raise
    except Exception as error:  # foreign code may raise anything
        raise SpeechError(
            f"the plug-in {plug_in.value} cannot be started ({type(error).__name__}: {error})",
            where=f"speech.engine = {source.engine!r}",
            how="install it again, or ask those who made it",
        ) from error
    return made


def _plug_ins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
