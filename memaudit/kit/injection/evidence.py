"""injection.json (schema memaudit/injection/1): what a trainer's manifest was found to hold."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from memaudit.kit.manifests.base import Match

SCHEMA: Final = "memaudit/injection/1"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class KitReference(_Part):
    """The kit that was looked for: its name, its commitment, and the hash of its kit.json."""

    name: str
    commitment: str
    sha256: str


class ManifestFile(_Part):
    """A file of the manifest and its hash."""

    name: str
    sha256: str


class Manifest(_Part):
    """The manifest that was read; ``utterances`` counts its lines that name one."""

    format: str
    files: tuple[ManifestFile, ...]
    utterances: int


class Miss(_Part):
    """An inserted canary that is not in the manifest as often as designed.

    ``found`` counts the lines that are it by everything that was to match; ``by_audio`` and ``by_text`` count
    those that are it by one (null where that was not looked at).
    """

    id: str
    wanted: int
    found: int
    by_audio: int | None
    by_text: int | None


class Leak(_Part):
    """An utterance that must never be trained on and is in the manifest, first at ``where``."""

    id: str
    arm: Literal["held_out", "control"]
    by_audio: int | None
    by_text: int | None
    where: str


class Unread(_Part):
    """Lines of which only the text could be looked at: how many, the first, and why."""

    utterances: int
    where: str
    why: str


class Evidence(_Part):
    """Everything that check-injection found."""

    schema_name: Literal["memaudit/injection/1"] = Field(default=SCHEMA, alias="schema")
    tool: str
    kit: KitReference
    manifest: Manifest
    match: Match
    normaliser: str
    hash_all: bool
    inserted: int
    wanted: int
    found: int
    missing: tuple[Miss, ...]
    leaked: tuple[Leak, ...]
    unread: Unread | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @property
    def clean(self) -> bool:
        """Whether every inserted canary is there as often as designed, and no other."""
        return not self.missing and not self.leaked

    def document(self) -> dict[str, Any]:
        """What is written to injection.json."""
        return self.model_dump(mode="json", by_alias=True)
