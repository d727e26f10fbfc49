"""Making a kit: under a temporary name, renamed when it is whole."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memaudit.errors import OutputError
from memaudit.files import output_errors, sha256_file, write_json, write_jsonl
from memaudit.kit.canary import Canary, audio_name, by_id
from memaudit.kit.commitment import commit, salt_of
from memaudit.kit.draft import draft_kit
from memaudit.kit.feasibility import check_feasible
from memaudit.kit.info import SCHEMA, KitInfo, counts, entropy, seconds, versions
from memaudit.kit.recipe import Recipe
from memaudit.kit.render import Rendered, render
from memaudit.kit.seeds import draw_seed
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, SECRET_SCHEMA, Kit, open_kit
from memaudit.kit.text import text_source


def make_kit(
    recipe: Recipe,
    out: Path,
    *,
    seed: int | None = None,
    jobs: int = 1,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Kit:
    """Make a kit in the folder ``out``.

    The same recipe, seed and versions on the same platform give the same bytes, whatever ``jobs``.

    Args:
        recipe: what to make.
        out: a folder that does not exist or is empty, or, with ``force``, an older kit to be replaced.
        seed: fixes everything random; whoever knows it knows the assignment. By default one is drawn
            that nobody can guess.
        jobs: how many processes speak at a time.
        force: replace an older kit.
        progress: called with (utterances done, total).

    Raises:
        RecipeError: if the recipe cannot be carried out.
        SpeechError: if an utterance stays faulty.
        OutputError: if ``out`` holds something, or cannot be written. Nothing is left behind then.
    """
    out = Path(os.path.abspath(out))  # not resolve: a link at the end must be seen  # noqa: PTH100
    _check_free(out, force)
    seed = draw_seed() if seed is None else seed
    source = text_source(recipe)
    drafts = draft_kit(recipe, seed, source)
    with _under_temporary_name(out) as building:
        canaries = by_id(
            _store(building, recipe, rendered) for rendered in render(drafts, recipe, jobs, progress)
        )
        check_feasible(canaries, recipe.feasibility)
        _write_lists(building, canaries)
        _write_secret(building / SECRET, seed)
        info = KitInfo(
            schema=SCHEMA,
            name=recipe.name,
            recipe=recipe,
            versions=versions(),
            counts=counts(canaries),
            seconds=seconds(canaries),
            entropy=entropy(recipe, source),
            commitment=commit(canaries, salt_of(seed)),
            files=_hashes(building),
        )
        write_json(building / INFO, info.document())
    return open_kit(out, verify=False)


def _check_free(out: Path, force: bool) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError("is no folder", where=str(out), how="choose a folder that does not exist yet")
    with output_errors(out):
        if not out.is_dir() or not any(out.iterdir()):
            return
    if not (out / INFO).is_file():
        raise OutputError(
            "holds files that are no kit", where=str(out), how="choose a folder that does not exist yet"
        )
    if not force:
        raise OutputError("already holds a kit", where=str(out), how="choose another folder, or use --force")


@contextmanager
def _under_temporary_name(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that takes its name at the end, or is removed after an error."""
    building = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        with output_errors(out):
            for side in ("train", "audit"):
                (building / side / "audio").mkdir(parents=True)
        yield building
        with output_errors(out):
            _take_name(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _take_name(building: Path, out: Path) -> None:
    old = building.with_suffix(".old")
    if out.is_dir() and any(out.iterdir()):
        out.rename(old)
    elif out.is_dir():
        out.rmdir()  # renaming onto an empty folder works on some platforms only
    try:
        building.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _store(building: Path, recipe: Recipe, rendered: Rendered) -> Canary:
    draft = rendered.draft
    audio = audio_name(draft.id, draft.lot.arm)
    with output_errors(building / audio):
        (building / audio).write_bytes(rendered.flac)
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
        audio=audio,
        sha256=rendered.sha256,
    )


def _write_lists(building: Path, canaries: Sequence[Canary]) -> None:
    inserted = (canary.manifest_row() for canary in canaries if canary.arm == "inserted")
    write_jsonl(building / MANIFEST, inserted)
    write_jsonl(building / ASSIGNMENT, (canary.row() for canary in canaries))


def _write_secret(path: Path, seed: int) -> None:
    """Salt and seed, for the owner's eyes only. The seed is a text: it may have more than 53 bits."""
    document = {"schema": SECRET_SCHEMA, "salt": salt_of(seed), "seed": str(seed)}
    with output_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write((json.dumps(document, indent=2) + "\n").encode())


def _hashes(building: Path) -> dict[str, str]:
    files = (path for path in building.rglob("*") if path.is_file())
    return dict(sorted((path.relative_to(building).as_posix(), sha256_file(path)) for path in files))
