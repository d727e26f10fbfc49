"""Inserted canaries as a training manifest, alone or merged into a copy of the user's own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memaudit.errors import OutputError, UsageError
from memaudit.files import output_errors
from memaudit.kit.manifests.base import Job, ManifestFormat, Mergeable
from memaudit.kit.manifests.copies import Case, copies_of
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.store import Kit


@dataclass(frozen=True)
class Exported:
    """What an export wrote: ``files`` are relative to ``out``, ``seconds`` count every copy."""

    out: Path
    files: tuple[str, ...]
    canaries: int
    copies: int
    seconds: float
    notes: tuple[str, ...]


def export_kit(
    kit: Kit,
    format: ManifestFormat,  # noqa: A002 - what users call it
    out: Path,
    *,
    append_to: Path | None = None,
    root: str | None = None,
    seed: int = 0,
    case: Case = "keep",
    text_field: str | None = None,
) -> Exported:
    """Write the inserted canaries of a kit, with their copies, into the folder ``out``.

    Args:
        kit: an opened kit.
        format: one of `memaudit.kit.manifests.registry.FORMATS`.
        out: a folder that does not exist or is empty, outside the kit; it appears when all is written.
        append_to: the user's own manifest: a merged copy of it is written, and it is not touched.
        root: where ``out`` will lie on the training machine; by default where it is.
        seed: fixes the order and the places of the canaries.
        case: what the texts are turned into.
        text_field: what the manifest calls the text, where the format leaves it open.

    Raises:
        UsageError: if options do not go together.
        ManifestError: if the user's manifest cannot be added to.
        OutputError: if ``out`` holds something, or cannot be written. Nothing is left behind then.
    """
    out = Path(os.path.abspath(out))  # not resolve: a link at the end must be seen  # noqa: PTH100
    root = out.as_posix() if root is None else root
    _check_free(out, kit.root)
    _check_root(root, format)
    copies = copies_of(kit, seed=seed, case=case)
    notes: list[str] = []
    with _under_temporary_name(out) as building:
        job = Job(copies, kit.root, building, root, seed, text_field)
        if append_to is None:
            format.export(job)
        elif isinstance(format, Mergeable):
            notes += format.merge(job, append_to)
        else:
            raise ManifestError(
                "takes no further lines",
                where=f"--append-to with --format {format.name}",
                how="export without --append-to, and give the trainer that export beside the rest",
            )
        files = sorted(
            path.relative_to(building).as_posix() for path in building.rglob("*") if path.is_file()
        )
    return Exported(
        out=out,
        files=tuple(files),
        canaries=len({copy.canary.id for copy in copies}),
        copies=len(copies),
        seconds=round(sum(copy.duration for copy in copies), 3),
        notes=tuple(notes),
    )


def _check_free(out: Path, kit: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError("is no folder", where=str(out), how="choose a folder that does not exist yet")
    with output_errors(out):
        if out.is_dir() and any(out.iterdir()):
            raise OutputError("is not empty", where=str(out), how="choose a folder that does not exist yet")
    if out.resolve().is_relative_to(kit.resolve()):
        raise OutputError(
            "lies in the kit, which no file may be added to", where=str(out), how="choose another folder"
        )


def _check_root(root: str, format: ManifestFormat) -> None:  # noqa: A002
    wrong = sorted({letter for letter in root if not letter.isprintable() or letter in format.forbidden})
    if wrong or root != root.strip():
        raise UsageError(
            f"a path in a {format.name} manifest cannot hold {wrong[0] if wrong else ' '!r}",
            where=root,
            how="choose another --out or --root",
        )


@contextmanager
def _under_temporary_name(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that takes its name at the end, or is removed after an error."""
    building = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        with output_errors(out):
            building.mkdir(parents=True)
        yield building
        with output_errors(out):
            if out.is_dir():
                out.rmdir()  # renaming onto an empty folder works on some platforms only
            building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
