"""Where the audio paths of a manifest lead."""

from __future__ import annotations

import os
import re
from pathlib import Path

from memaudit.kit.manifests.base import Sound, Source

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def bases(source: Source, beside: Path | None = None) -> tuple[Path, ...]:
    """What relative paths start from: the audio root, or else the manifest's folder, then the current one.

    Args:
        source: what is being read.
        beside: the folder of the manifest's file; None: that of ``source.manifest``.
    """
    if source.audio_root is not None:
        return (source.audio_root,)
    return (beside or source.manifest.parent, Path())


def sound_at(
    name: str, folders: tuple[Path, ...], *, start: float = 0.0, length: float | None = None
) -> Sound:
    """The audio that a path in a manifest names; the file is looked for when it is needed only.

    Absolute paths are the trainer's own and are followed; files are only ever read.

    Args:
        name: the path as the manifest has it.
        folders: what it starts from where it is relative (see `bases`).
        start: where the utterance begins in the file, in seconds.
        length: how long it is, in seconds; None: to the end.
    """
    if _ADDRESS.match(name):
        return Sound(unread=f"{name} is an address, and nothing is fetched")
    if "\0" in name:
        return Sound(unread="its path holds a zero byte")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # JSON can escape half a character
        return Sound(unread="its path holds half a character")
    return Sound(name=name, folders=folders, start=start, length=length)
