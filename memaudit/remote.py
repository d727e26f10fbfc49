"""Folders at URLs that fsspec knows (s3://, gs://, memory://, file://), copied once a machine into a cache.

The cache is $MEMAUDIT_CACHE, else memaudit under $XDG_CACHE_HOME or ~/.cache. A copy is known by the URL and
by what the storage says of every file (size, time, tag): a folder that changes is copied anew. It gets its
name only when it is whole and was checked, and only its owner can read it: a kit has secrets.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from memaudit.errors import MemauditError, MissingExtraError, OutputError, UsageError
from memaudit.files import canonical_json, output_errors

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
#: What storages call the things that change when a file does.
_MARKS = ("size", "ETag", "etag", "md5Hash", "generation", "LastModified", "mtime", "updated", "created")

Check = Callable[[Path], object]


def is_url(text: str) -> bool:
    """Whether a text names something elsewhere."""
    return _URL.match(text) is not None


def fetch(url: str, check: Check | None = None, *, told: Callable[[str], None] | None = None) -> Path:
    """The local copy of a folder, or of a file with all that lies beside it and below.

    Args:
        url: of a folder or of a file.
        check: looks at a new copy before it gets its name; raises where it is not what it should be.
        told: called with a sentence before something is copied.

    Returns:
        the path of the folder, or of the file, in the cache.

    Raises:
        MissingExtraError: if fsspec is not installed.
        UsageError: if there is nothing at the URL, or it cannot be read.
        OutputError: if the cache cannot be written.
        MemauditError: as ``check`` does.
    """
    system, place = _opened(url)
    with _reading(url):
        # A listing of before may be remembered.
        system.invalidate_cache()
        single = system.isfile(place)
        root = place.rsplit("/", 1)[0] if single else place.rstrip("/")
        found: dict[str, Any] = system.find(root, detail=True)
    files = {_relative(path, root, url): (path, info) for path, info in found.items()}
    if not files:
        raise UsageError("there is nothing", where=url, how="give a folder's URL, and mind the rights")
    cache = _cache()
    copy = cache / _key(url if not single else url.rsplit("/", 1)[0], files)
    name = place.rsplit("/", 1)[1] if single else ""
    with _alone(copy):
        if not copy.is_dir():
            if told is not None:
                told(f"Copying {len(files)} files from {url} to {copy}")
            _copy(system, files, copy, url, check)
    return copy / name


def _opened(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError("a kit or a model at a URL", "remote") from error
    try:
        system, place = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"cannot be opened ({error})", where=url, how="install what it needs") from error
    return system, str(place)


@contextmanager
def _reading(url: str) -> Iterator[None]:
    """Storages raise whatever their libraries raise."""
    try:
        yield
    except MemauditError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(
            f"cannot be read ({reason})", where=url, how="mind the network, the name and the access rights"
        ) from error


def _relative(path: str, root: str, url: str) -> str:
    name = path.removeprefix(root).lstrip("/")
    parts = PurePosixPath(name).parts
    if not name or ".." in parts or "\\" in name or ":" in name or "/".join(parts) != name:
        raise UsageError(f"the name {path!r} may leave the folder", where=url, how="do not trust this folder")
    return name


def _key(url: str, files: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str:
    marks = {
        name: {mark: str(info[mark]) for mark in _MARKS if mark in info} for name, (_, info) in files.items()
    }
    return hashlib.sha256(canonical_json([url.rstrip("/"), marks]).encode()).hexdigest()[:32]


def _cache() -> Path:
    given = os.environ.get("MEMAUDIT_CACHE")
    cache = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "memaudit")
    cache = cache.expanduser().absolute() / "remote"
    with output_errors(cache):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    return cache


def _copy(
    system: Any, files: Mapping[str, tuple[str, Mapping[str, Any]]], copy: Path, url: str, check: Check | None
) -> None:
    with output_errors(copy):
        temporary = Path(tempfile.mkdtemp(prefix=".copying-", dir=copy.parent))
    try:
        for name, (path, info) in files.items():
            target = temporary / name
            with output_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            with _reading(url):
                system.get_file(path, str(target))
                size = info.get("size")
                if size is not None and target.stat().st_size != size:
                    raise UsageError(f"{name} came in half", where=url, how="try again")
        if check is not None:
            check(temporary)
        with output_errors(copy):
            temporary.replace(copy)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _alone(copy: Path) -> Iterator[None]:
    """One process of this machine at a time copies; the others wait."""
    try:
        import fcntl
    except ImportError:  # Windows: two may copy, and the later one finds the place taken
        yield
        return
    lock = copy.with_suffix(".lock")
    try:
        handle = lock.open("w")
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})",
            where=str(lock),
            how="set MEMAUDIT_CACHE",
        ) from error
    with handle:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
