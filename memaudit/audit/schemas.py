"""The JSON Schemas of what memaudit reads and writes, made from the pydantic models.

They are shipped as files in memaudit/schemas, so that others need no Python. After a change of a model write
them anew with ``python -m memaudit.audit.schemas``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from memaudit.audit.comparison import Comparison
from memaudit.audit.plan_document import PlanDocument
from memaudit.audit.results import Results
from memaudit.audit.utterances import SCORES, Utterance
from memaudit.kit.canary import Canary
from memaudit.kit.info import KitInfo
from memaudit.kit.injection.evidence import Evidence
from memaudit.kit.recipe import Recipe
from memaudit.models.description import DescriptionTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MODELS: Mapping[str, type[BaseModel]] = {
    "recipe": Recipe,
    "kit": KitInfo,
    "canary": Canary,
    "results": Results,
    "utterance": Utterance,
    "injection": Evidence,
    "model": DescriptionTable,
    "plan": PlanDocument,
    "comparison": Comparison,
}
"""Name -> model of the document; of canary and utterance: a line."""


def make_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one of `MODELS`; the document must name its schema where the model has that key."""
    made = MODELS[name].model_json_schema(by_alias=True)
    properties = made.get("properties", {})
    if "schema" in properties:
        made["required"] = sorted({"schema", *made.get("required", ())})
    if name == "recipe":
        _let_build_on_another(made)
    if name == "utterance":
        _scores_or_failed(made)
    version = properties.get("schema", {}).get("const", f"memaudit/{name}/1")
    return {"$schema": DIALECT, "$id": f"urn:{version.replace('/', ':')}", **made}


def _let_build_on_another(recipe: dict[str, Any]) -> None:
    """A recipe file may name a packaged one, which then stands for all that it leaves out."""
    recipe["properties"]["base"] = {
        "title": "Base",
        "type": "string",
        "description": "the name of a packaged recipe, which stands for every field that is left out",
    }
    recipe["anyOf"] = [{"required": recipe.pop("required")}, {"required": ["base"]}]


def _scores_or_failed(utterance: dict[str, Any]) -> None:
    """A line has the scores, or says that the model failed."""
    required = utterance.pop("required")
    utterance["required"] = [key for key in required if key not in SCORES]
    utterance["anyOf"] = [
        {"required": [key for key in required if key in SCORES]},
        {"required": ["failed"], "properties": {"failed": {"type": "string"}}},
    ]


def shipped(name: str) -> dict[str, Any]:
    """The schema that is shipped under that name."""
    found: dict[str, Any] = json.loads(
        (files("memaudit") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    )
    return found


def stale() -> list[str]:
    """The names whose shipped file is missing or not what the model gives."""
    folder = files("memaudit") / "schemas"
    return [
        name
        for name in MODELS
        if not (folder / f"{name}.json").is_file() or shipped(name) != make_schema(name)
    ]


if __name__ == "__main__":
    from pathlib import Path

    from memaudit.files import write_json

    for each in MODELS:
        write_json(Path(__file__).parents[1] / "schemas" / f"{each}.json", make_schema(each))
