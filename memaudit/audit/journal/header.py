"""The first line of a journal: what was heard, by what, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from pydantic import ConfigDict, Field

from memaudit.audit import normalise
from memaudit.audit.engine.work import Engine
from memaudit.audit.given_controls import GivenControl
from memaudit.audit.journal.shard import Shard
from memaudit.audit.result_subject import ModelFile, Part, Tool
from memaudit.audit.tool import this_tool
from memaudit.files import sha256_file
from memaudit.kit.store import Kit
from memaudit.models.recognizer import ModelInfo


class HeardKit(Part):
    """The kit; ``path`` is where it was, for who joins shards."""

    name: str
    commitment: str
    path: str


class HeardModel(Part):
    """The model as it was loaded: `ModelInfo`, and `work.Engine.sample_rate` and ``unit``."""

    adapter: str
    files: tuple[tuple[str, str], ...]
    front_end: dict[str, Any]
    decoder: dict[str, Any]
    inferred: tuple[str, ...]
    warnings: tuple[str, ...]
    sample_rate: int | None
    unit: int | None

    def info(self) -> ModelInfo:
        """As the engine gave it."""
        return ModelInfo(self.adapter, self.files, self.front_end, self.decoder, self.inferred, self.warnings)


class HeardControls(Part):
    """The user's own controls: the manifest, and id, text and SHA-256 of each recording."""

    name: str
    sha256: str
    recordings: tuple[tuple[str, str, str], ...]


class Header(Part):
    """What a journal belongs to.

    ``options`` are those that change results and show nowhere else, by their names without dashes; ``shard``
    is (number, of), null for a whole kit.
    """

    model_config = ConfigDict(populate_by_name=True)

    form: Literal["memaudit/journal/1"] = Field(default="memaudit/journal/1", alias="schema")
    tool: Tool
    normaliser: str
    kit: HeardKit
    model: HeardModel
    controls: HeardControls | None
    options: dict[str, Any]
    shard: tuple[int, int] | None

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def header(
    kit: Kit,
    engine: Engine,
    *,
    controls: Sequence[GivenControl] = (),
    manifest: ModelFile | None = None,
    options: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
) -> Header:
    """The header of what is about to be heard.

    Args:
        kit: what is heard.
        engine: by which model: waits until it is loaded.
        controls: the user's own controls.
        manifest: the file that names them.
        options: see `Header`.
        shard: which part of the kit, where it is not all of it.

    Raises:
        MemauditError: if the model cannot be loaded.
    """
    given = None
    if manifest is not None:
        given = {
            **manifest.model_dump(),
            "recordings": [(item.id, item.text, sha256_file(item.audio)) for item in controls],
        }
    found = {
        "tool": this_tool().model_dump(),
        "normaliser": normalise.NAME,
        "kit": {"name": kit.recipe.name, "commitment": kit.commitment, "path": str(kit.root.absolute())},
        "model": {**asdict(engine.info), "sample_rate": engine.sample_rate, "unit": engine.unit},
        "controls": given,
        "options": dict(options or {}),
        "shard": None if shard is None else (shard.number, shard.of),
    }
    # Through JSON, so that it is what a journal gives back.
    return Header.model_validate_json(json.dumps(found))
