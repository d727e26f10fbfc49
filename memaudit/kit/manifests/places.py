"""Where the audio paths of a manifest lead."""

from __future__ import annotations

import re
from pathlib import Path

from memaudit.kit.manifests.base import Sound, Source

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def sound_at(
    text: str,
    source: Source,
    *,
    beside: Path | None = None,
    start: float = 0.0,
    length: float | None = None,
) -> Sound:
    """The audio that a path in a manifest names.

    A relative path starts from ``source.audio_root`` where that is given; else from the manifest's folder,
    and from the current folder where the manifest's has no such file. Absolute paths are the trainer's own
    and are followed; files are only ever read.

    Args:
        text: the path as the manifest has it.
        source: what is being read.
        beside: the folder of the manifest's file; None: that of ``source.manifest``.
        start: where the utterance begins in the file, in seconds.
        length: how long it is, in seconds; None: to the end.
    """
    if _ADDRESS.match(text):
        return Sound(unread=f"{text} is an address, and nothing is fetched")
    if "\0" in text:
        return Sound(unread="its path holds a zero byte")
    return Sound(path=_find(Path(text), source, beside), start=start, length=length)


def _find(path: Path, source: Source, beside: Path | None) -> Path:
    if path.is_absolute():
        return path
    if source.audio_root is not None:
        return source.audio_root / path
    near = (beside or source.manifest.parent) / path
    return path if not _is_there(near) and _is_there(path) else near


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long a name, no right to look
        return False
