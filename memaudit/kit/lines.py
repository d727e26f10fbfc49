"""A kit's assignment and manifest, written as utterances are made; the assignment is the making's journal."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import soundfile

from memaudit.files import canonical_json, output_errors
from memaudit.kit.canary import Canary
from memaudit.kit.draft import Draft
from memaudit.kit.recipe import Recipe
from memaudit.kit.render import Rendered
from memaudit.kit.store import ASSIGNMENT, MANIFEST, SECRET


def write_lines(
    folder: Path, recipe: Recipe, kept: Sequence[Rendered], rendered: Iterable[Rendered]
) -> dict[str, str]:
    """Write the lines of every utterance as it is made: path -> SHA-256 of each audio file.

    They come sorted by id, which is the order of the lines. A line is written when its audio is there.

    Args:
        folder: of the kit.
        recipe: of the kit.
        kept: the first ones, whose lines are in the assignment.
        rendered: those that follow.

    Raises:
        OutputError: if a file cannot be written.
    """
    hashes = {one.draft.audio: one.sha256 for one in kept}
    with (
        output_errors(folder),
        _journal(folder / ASSIGNMENT) as assignment,
        (folder / MANIFEST).open("wb") as manifest,
    ):
        manifest.writelines(_manifest_line(_canary(recipe, one)) for one in kept if _trained_on(one))
        for one in rendered:
            hashes[one.draft.audio] = one.sha256
            canary = _canary(recipe, one)
            _write(assignment, _line(canary))
            if _trained_on(one):
                manifest.write(_manifest_line(canary))
    return hashes


def read_kept(folder: Path, recipe: Recipe, drafts: Sequence[Draft]) -> list[Rendered]:
    """The first utterances that an earlier run made whole; everything after them is cut off or removed.

    A line counts if it is the one that the draft gives, and its audio has the length and hash that it says.

    Raises:
        OutputError: if the folder cannot be written.
    """
    with output_errors(folder):
        _sweep(folder, {ASSIGNMENT, SECRET, *(draft.audio for draft in drafts)})
        whole: list[Rendered] = []
        size = 0
        path = folder / ASSIGNMENT
        if path.is_file():
            with path.open("rb") as lines:
                for line, draft in zip(lines, drafts, strict=False):
                    one = _whole(line, draft, folder, recipe)
                    if one is None:
                        break
                    whole.append(one)
                    size += len(line)
            os.truncate(path, size)
        return whole


def _sweep(folder: Path, names: set[str]) -> None:
    """Remove every link, and every file that is not among ``names``."""
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            if path.is_symlink() or (path.is_file() and path.relative_to(folder).as_posix() not in names):
                path.unlink()


def _whole(line: bytes, draft: Draft, folder: Path, recipe: Recipe) -> Rendered | None:
    try:
        row = json.loads(line)
        one = Rendered(draft, str(row["sha256"]), float(row["duration"]))
        if _line(_canary(recipe, one)) != line:
            return None
        data = (folder / draft.audio).read_bytes()
        if hashlib.sha256(data).hexdigest() != one.sha256:
            return None
        about = soundfile.info(io.BytesIO(data))
    except (ValueError, KeyError, TypeError, OSError, soundfile.LibsndfileError):
        return None
    return one if about.frames / about.samplerate == one.duration else None


def _journal(path: Path) -> io.RawIOBase:
    """The assignment, to append to. It tells who is held out, so it is for its owner's eyes only."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb", buffering=0)


def _write(stream: io.RawIOBase, line: bytes) -> None:
    """All of a line: a full disk may take a part of it."""
    view = memoryview(line)
    while view:
        view = view[stream.write(view) :]


def _trained_on(one: Rendered) -> bool:
    return one.draft.lot.arm == "inserted"


def _line(canary: Canary) -> bytes:
    return f"{canonical_json(canary.row())}\n".encode()


def _manifest_line(canary: Canary) -> bytes:
    return f"{canonical_json(canary.manifest_row())}\n".encode()


def _canary(recipe: Recipe, rendered: Rendered) -> Canary:
    draft = rendered.draft
    return Canary(
        id=draft.id,
        pair=draft.lot.pair,
        text=draft.text,
        arm=draft.lot.arm,
        repetitions=draft.lot.repetitions,
        speed=draft.speed,
        voice=draft.voice,
        language=recipe.text.language,
        duration=rendered.duration,
        audio=draft.audio,
        sha256=rendered.sha256,
    )
