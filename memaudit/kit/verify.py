"""Is a kit still what it was when it was made, and are its arms apart?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from memaudit.errors import KitError
from memaudit.files import canonical_json, sha256_file
from memaudit.kit.assignment import coin_levels
from memaudit.kit.commitment import commit
from memaudit.kit.info import Tally
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, SECRET_SCHEMA, Kit, parse_json, read_text

_RESTORE = "restore the file from where the kit was made, or make the kit again"


def verify_kit(kit: Kit, progress: Callable[[int, int], None] | None = None) -> None:
    """Check everything that can be checked without the seed.

    In order: paths stay in the kit; there is no link and no foreign file; nothing held out is under
    train/; every file is there with its hash; the assignment is whole and fits the commitment; the training
    manifest lists the inserted canaries and nothing else.

    Args:
        kit: opened without verification.
        progress: called with (done, total) after each file that was hashed.

    Raises:
        KitError: for the first thing that is wrong.
    """
    _check_paths(kit)
    present = set(_files(kit.root))
    hashes = {}
    for number, name in enumerate(sorted(present), 1):
        hashes[name] = _hash(kit.root / name)
        if progress is not None:
            progress(number, len(present))
    _check_separation(kit, hashes)
    _check_files(kit, hashes)
    _check_assignment(kit, hashes)
    _check_commitment(kit)
    _check_manifest(kit)


def _check_paths(kit: Kit) -> None:
    for name in kit.info.files:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ":" in name or ".." in parts or "/".join(parts) != name:
            raise KitError(
                f"the path {name!r} may leave the kit",
                where=str(kit.root / INFO),
                how="do not trust this kit; make one with make-kit",
            )


def _files(root: Path) -> Iterator[str]:
    """Every file under ``root``, as a relative path with slashes."""
    folders = [""]
    while folders:
        inside = folders.pop()
        # Strings and directory entries instead of paths: a kit may have a hundred thousand files.
        with _readable(root / inside), os.scandir(root / inside) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_file(follow_symlinks=False):
                yield inside + entry.name
            elif entry.is_dir(follow_symlinks=False):
                folders.append(f"{inside}{entry.name}/")
            else:
                raise KitError(
                    "is a link or no plain file",
                    where=entry.path,
                    how="a kit holds its files themselves: copy the file there",
                )


def _hash(path: Path) -> str:
    with _readable(path):
        return sha256_file(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KitError(f"cannot be read ({error.strerror})", where=str(path), how=_RESTORE) from error


def _check_separation(kit: Kit, hashes: dict[str, str]) -> None:
    kept_back = {canary.sha256: canary for canary in kit.canaries if canary.arm != "inserted"}
    for name, sha256 in hashes.items():
        if name.startswith("train/") and sha256 in kept_back:
            canary = kept_back[sha256]
            arm = canary.arm.replace("_", "-")
            raise KitError(
                f"is the audio of the {arm} canary {canary.id}, which must never be trained on",
                where=str(kit.root / name),
                how="remove it; if a model was trained with it, make a new kit and train again",
            )


def _check_files(kit: Kit, hashes: dict[str, str]) -> None:
    listed = kit.info.files
    for name in sorted(listed):
        if name not in hashes:
            raise KitError("is missing", where=str(kit.root / name), how=_RESTORE)
    for name in hashes:
        if name not in listed and name != INFO:
            raise KitError("is no file of this kit", where=str(kit.root / name), how="remove it")
    for name, sha256 in sorted(listed.items()):
        if hashes[name] != sha256:
            raise KitError(
                "was changed since the kit was made (its SHA-256 is another)",
                where=str(kit.root / name),
                how=_RESTORE,
            )


def _check_assignment(kit: Kit, hashes: dict[str, str]) -> None:
    where = str(kit.root / ASSIGNMENT)
    for canary in kit.canaries:
        if hashes.get(canary.audio) != canary.sha256:
            raise KitError(
                f"canary {canary.id}: its audio is not the one in the assignment", where=where, how=_RESTORE
            )
    expected = {canary.audio for canary in kit.canaries} | {INFO, MANIFEST, ASSIGNMENT, SECRET}
    if spare := sorted(hashes.keys() - expected):
        raise KitError("belongs to no canary", where=str(kit.root / spare[0]), how=_RESTORE)
    for field in ("text", "sha256"):
        owners: dict[str, str] = {}
        for canary in kit.canaries:
            value = getattr(canary, field)
            if value in owners:
                raise KitError(
                    f"canaries {owners[value]} and {canary.id} have the same {field}",
                    where=where,
                    how=_RESTORE,
                )
            owners[value] = canary.id
    coin_levels(kit.canaries)
    if Tally.of(kit.canaries).counts != kit.info.counts:
        raise KitError("its counts are not those of kit.json", where=where, how=_RESTORE)


def _check_commitment(kit: Kit) -> None:
    path = kit.root / SECRET
    secret = parse_json(read_text(path), str(path))
    if not isinstance(secret, dict) or secret.get("schema") != SECRET_SCHEMA:
        raise KitError(f"its schema is not {SECRET_SCHEMA!r}", where=str(path), how=_RESTORE)
    if commit(kit.canaries, str(secret.get("salt")), kit.info.gates) != kit.commitment:
        raise KitError(
            "does not fit the commitment in kit.json",
            where=str(kit.root / ASSIGNMENT),
            how="do not use it: assignment or gates are not those that were committed to",
        )


def _check_manifest(kit: Kit) -> None:
    path = kit.root / MANIFEST
    expected = [canonical_json(canary.manifest_row()) for canary in kit.canaries if canary.arm == "inserted"]
    if read_text(path).splitlines() != expected:
        raise KitError(
            "does not list exactly the inserted canaries of the assignment", where=str(path), how=_RESTORE
        )
