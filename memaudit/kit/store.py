"""A kit on disk (design section 1): its files, and opening it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import BaseModel, ValidationError

from memaudit.errors import KitError
from memaudit.kit.canary import Canary
from memaudit.kit.info import SCHEMA, KitInfo
from memaudit.kit.model_errors import first_fault
from memaudit.kit.recipe import Recipe
from memaudit.limits import LARGEST_DOCUMENT, LONGEST_LINE, MOST_UTTERANCES

INFO = "kit.json"
MANIFEST = "train/manifest.jsonl"
ASSIGNMENT = "audit/assignment.jsonl"
SECRET = "audit/secret.json"  # noqa: S105
SECRET_SCHEMA = "memaudit/secret/1"  # noqa: S105
_MAKE_AGAIN = "restore the kit's files, or make the kit again"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Kit:
    """A kit on disk."""

    root: Path
    recipe: Recipe
    commitment: str
    info: KitInfo

    @cached_property
    def canaries(self) -> tuple[Canary, ...]:
        """All utterances, sorted by id: read when they are first asked for.

        Raises:
            KitError: if audit/assignment.jsonl is not as make-kit writes it.
        """
        return tuple(read_canaries(self.root))

    def audio_path(self, canary: Canary) -> Path:
        """The audio file of a canary."""
        return self.root / canary.audio


def open_kit(path: Path, *, verify: bool = True) -> Kit:
    """Open the kit in a folder.

    Args:
        path: the folder that holds kit.json.
        verify: check the hash of every file, the commitment, that no file is missing or foreign, and that
            nothing held out lies under train/ (`memaudit.kit.verify.verify_kit`).

    Raises:
        KitError: if it is no kit, or not as it was when it was made: the first thing that is wrong.
    """
    if not path.is_dir():
        raise KitError("is no folder", where=str(path), how="give the folder that make-kit made")
    info = _read_info(path)
    kit = Kit(path, info.recipe, info.commitment, info)
    if not kit.canaries:
        raise KitError("holds no canary", where=str(path / ASSIGNMENT), how=_MAKE_AGAIN)
    if verify:
        from memaudit.kit.verify import verify_kit

        verify_kit(kit)
    return kit


def _read_info(root: Path) -> KitInfo:
    path = root / INFO
    if not path.is_file():
        raise KitError(
            "is no kit (it has no kit.json)", where=str(root), how="give the folder that make-kit made"
        )
    text = read_text(path)
    document = parse_json(text, str(path))
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise KitError(
            f"its schema is {schema!r}, not {SCHEMA!r}",
            where=str(path),
            how="use the memaudit version that made the kit",
        )
    return _model(KitInfo, text, str(path))


def read_canaries(root: Path) -> Iterator[Canary]:
    """The lines of a kit's audit/assignment.jsonl, one after the other.

    Raises:
        KitError: if a line is no canary, one is there twice or out of order, or there are too many.
    """
    path = root / ASSIGNMENT
    last = ""
    with _opened(path) as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE), ""), 1):
            where = f"{path}:{number}"
            if number > MOST_UTTERANCES:
                raise KitError(
                    f"has more than {MOST_UTTERANCES} lines", where=str(path), how="make a smaller kit"
                )
            canary = _model(Canary, line, where)
            if canary.id <= last:
                raise KitError(
                    f"canary {canary.id} is there twice or out of order", where=where, how=_MAKE_AGAIN
                )
            last = canary.id
            yield canary


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A text file of a kit, to be read line by line; errors as in `read_text`."""
    if path.is_symlink():
        raise KitError(
            "is a link", where=str(path), how="a kit holds its files themselves: copy the file there"
        )
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            yield stream
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise KitError(f"cannot be read ({reason})", where=str(path), how=_MAKE_AGAIN) from error


def read_text(path: Path) -> str:
    """A text file of a kit.

    Raises:
        KitError: if it is a link, missing or no UTF-8 text.
    """
    with _opened(path) as stream:
        text = stream.read(LARGEST_DOCUMENT + 1)
    if len(text) > LARGEST_DOCUMENT:
        raise KitError(
            f"has more than {LARGEST_DOCUMENT} characters", where=str(path), how="do not trust this kit"
        )
    return text


def parse_json(text: str, where: str) -> object:
    """The value of a JSON text.

    Raises:
        KitError: if it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KitError(f"is no JSON ({error})", where=where, how=_MAKE_AGAIN) from error


def _model(model: type[Model], text: str, where: str) -> Model:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        parse_json(text, where)  # raises where it is no JSON at all
        place, what, how = first_fault(error, model)
        raise KitError(what, where=f"{where}: {place}" if place else where, how=how or _MAKE_AGAIN) from error
