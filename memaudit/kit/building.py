"""A folder that is built under a temporary name, and what earlier builds left when they were killed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memaudit.errors import OutputError
from memaudit.files import output_errors

try:
    import fcntl
except ImportError:  # Windows: left-over folders stay there
    fcntl = None  # type: ignore[assignment]


#: In a folder that a later call can go on with: it says what is being made there (`memaudit.kit.unfinished`).
HEAD = "unfinished.json"
_ATTEMPTS = 10


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that takes its name at the end, or is removed after an error.

    While it is built the folder is locked by this process, and the lock goes with the process, however it
    ends: so `recover` can tell what was left over.

    Raises:
        OutputError: if the place cannot be written.
    """
    with output_errors(out):
        place = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
        place.mkdir(parents=True)
    handle = lock(place)
    try:
        yield place
        with output_errors(out):
            take_name(place, out, place.with_suffix(".old"))
    finally:
        remove(place)
        if handle is not None:
            os.close(handle)


def remove(place: Path) -> None:
    """Remove a folder, into which a process that is just being ended may still have written."""
    for attempt in range(_ATTEMPTS):
        shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            return
        time.sleep(0.05 * attempt)


def leftovers(out: Path) -> Iterator[Path]:
    """Folders of builds of ``out`` that are not finished, or have made room for one; some may be at work."""
    if fcntl is None or not out.parent.is_dir():
        return
    pattern = re.compile(re.escape(f".{out.name}.") + r"[0-9a-f]{8}\.(part|old)")
    for left in sorted(out.parent.iterdir()):
        if pattern.fullmatch(left.name) and not left.is_symlink() and left.is_dir():
            yield left


def recover(out: Path) -> None:
    """Clear up after builds of ``out`` that were killed, but for what can be gone on with.

    An older folder that was moved away to make room and is the only one left gets its name back.
    """
    for left in leftovers(out):
        handle = lock(left)
        if handle is None:
            continue  # somebody else is building it now
        try:
            if left.suffix == ".old" and not out.exists():
                left.rename(out)
            elif not ((left / HEAD).is_file() and (left / "kit").is_dir()):
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(handle)


def lock(folder: Path) -> int | None:
    """Lock a folder for this process, or None where that cannot be had or the folder is gone."""
    if fcntl is None:
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def take_name(place: Path, out: Path, old: Path) -> None:
    """Rename a folder to ``out``; a full one there has the name ``old`` in between, and is removed."""
    handle = None
    if out.is_dir() and any(out.iterdir()):
        handle = lock(out)  # so that nobody takes it for left over while it has another name
        out.rename(old)
    elif out.is_dir():
        out.rmdir()  # renaming onto an empty folder works on some platforms only
    try:
        place.rename(out)
    except BaseException:
        if old.exists():
            old.rename(out)
        raise
    finally:
        if handle is not None:
            os.close(handle)
    shutil.rmtree(old, ignore_errors=True)


def check_free(out: Path, mark: str, force: bool) -> None:
    """Clear up at ``out`` (`recover`) and refuse a place that is not free for a new folder then.

    Args:
        out: a folder that does not exist or is empty; with ``force`` also an older one that holds ``mark``.
        mark: a file by which an older folder of the same kind is known.
        force: whether an older one may be replaced.

    Raises:
        OutputError: if it is not free.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError("is no folder", where=str(out), how="choose a folder that does not exist yet")
    with output_errors(out):
        recover(out)
        if not out.is_dir() or not any(out.iterdir()):
            return
    if not (out / mark).is_file():
        raise OutputError(
            "holds files that are no kit", where=str(out), how="choose a folder that does not exist yet"
        )
    if not force:
        raise OutputError("already holds a kit", where=str(out), how="choose another folder, or use --force")
