"""What an unfinished kit is being made from: the same again goes on with it, anything else is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from memaudit.kit.draft import Draft
from memaudit.kit.recipe_fields import Part

SCHEMA: Final = "memaudit/unfinished/1"


class Origin(Part):
    """Everything that the bytes of a kit depend on, but for the seed, which its audit/secret.json has.

    Attributes:
        seed_given: whether the seed was given, and not drawn.
        recipe: as in kit.json.
        versions: as in kit.json.
        gates: fixed with the kit.
        recordings: SHA-256 over names, sizes and times of the files of the recordings' folder, or empty.
        texts: SHA-256 over all drafts, which also depend on word lists, on excluded texts and on the seed.
    """

    schema_: Literal["memaudit/unfinished/1"] = Field(SCHEMA, alias="schema")
    seed_given: bool
    recipe: dict[str, Any]
    versions: dict[str, str]
    gates: tuple[str, ...]
    recordings: str = ""
    texts: str = ""

    def with_texts(self, drafts: Iterable[Draft]) -> Origin:
        """The same, once the texts are drawn."""
        digest = hashlib.sha256()
        for draft in drafts:
            digest.update(repr(draft).encode())
        return self.model_copy(update={"texts": digest.hexdigest()})

    def other_than(self, begun: Origin) -> str:
        """In what it differs from ``begun``, as far as both know it, as a clause; empty if in nothing."""
        return next(self._differences(begun), "")

    def _differences(self, begun: Origin) -> Iterator[str]:
        for name, there, here in _unequal(begun.versions, self.versions):
            yield f"the version of {name} is {here}, not {there}"
        for name, there, here in _unequal(_flat(begun.recipe), _flat(self.recipe)):
            yield f"the recipe's {name} is {here}, not {there}"
        for name, there, here in _unequal({"gates": begun.gates}, {"gates": self.gates}):
            yield f"{name} are {_listed(here)}, not {_listed(there)}"
        if begun.recordings != self.recordings:
            yield "the recordings are others"
        if begun.texts and self.texts and begun.texts != self.texts:
            yield "other texts are drawn, since a word list or the excluded texts have changed"


def listing(folder: Path | None) -> str:
    """SHA-256 over the files of a folder by name, size and time of change; empty for no folder."""
    if folder is None or not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            about = path.stat()
            digest.update(
                repr((path.relative_to(folder).as_posix(), about.st_size, about.st_mtime_ns)).encode()
            )
    return digest.hexdigest()


def _unequal(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*there, *here}, key=lambda name: (name != "name", name)):
        if there.get(name) != here.get(name):
            yield name, there.get(name), here.get(name)


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _listed(gates: Iterable[str]) -> str:
    return ", ".join(gates) or "none"
