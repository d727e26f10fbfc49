"""The recipe of a kit: a TOML file, or the name of a packaged one, with overrides."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError

from memaudit.errors import RecipeError
from memaudit.kit.model_errors import first_fault
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.places import find_beside
from memaudit.kit.recipe_fields import (
    AUTO,
    DesignPart,
    FeasibilityPart,
    Part,
    SpeechPart,
    SpeedPart,
    TextPart,
)
from memaudit.kit.speakers.registry import check_engine
from memaudit.reading import parse_toml, read_text

SCHEMA = "memaudit/recipe/1"


class Recipe(Part):
    """What a kit is made from (design section 1). Tables and fields left out have their defaults."""

    schema_: Literal["memaudit/recipe/1"] = Field(alias="schema", description=f'"{SCHEMA}"')
    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="lower-case letters, digits and dashes, at most 64"
    )
    description: str = Field("", max_length=500, description="a text of at most 500 characters")
    text: TextPart = Field(default_factory=lambda: TextPart(), description="a table")
    speech: SpeechPart = Field(default_factory=lambda: SpeechPart(), description="a table")
    speed: SpeedPart = Field(default_factory=lambda: SpeedPart(), description="a table")
    design: DesignPart = Field(default_factory=lambda: DesignPart(), description="a table")
    feasibility: FeasibilityPart = Field(default_factory=lambda: FeasibilityPart(), description="a table")

    _folder: Path = PrivateAttr(default_factory=Path)
    _source: str = PrivateAttr("recipe")

    @property
    def folder(self) -> Path:
        """Where the recipe's own files, such as a word list, are looked for."""
        return self._folder

    def path_of(self, name: str) -> Path:
        """The file that the recipe means by ``name``."""
        return find_beside(name, self._folder)

    def place(self, key: str) -> str:
        """File, key and value, as an error names them: ``paper.toml: text.words = (5, 7)``."""
        value: Any = self
        for name in key.split("."):
            value = getattr(value, name)
        return f"{self._source}: {key} = {value!r}"

    def document(self) -> dict[str, Any]:
        """The recipe as kit.json holds it: every field, JSON types only."""
        return self.model_dump(mode="json", by_alias=True)


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a packaged recipe by its name, or a TOML file by its path.

    A file may build on a packaged recipe: ``base = "routine"`` stands for all fields that it does not set.

    Args:
        name_or_path: a name that `memaudit kits` lists; anything with a slash, a backslash or the suffix
            ``.toml`` is a path.
        overrides: ``key=value`` with dotted keys and TOML values, such as ``design.controls=5``; a value
            that is no TOML is a text.

    Raises:
        RecipeError: naming the file, the key, the value and what is allowed.
    """
    path = _find(name_or_path)
    document = _read(path)
    for override in overrides:
        _set(document, override)
    recipe = parse_recipe(document, where=path.name, folder=path.parent)
    check_engine(recipe.speech.engine, recipe.place("speech.engine"))
    if recipe.speech.controls_engine not in (None, AUTO):
        check_engine(recipe.speech.controls_engine, recipe.place("speech.controls_engine"))
    return recipe


def parse_recipe(document: dict[str, Any], *, where: str, folder: Path | None = None) -> Recipe:
    """Check a recipe that has been read already.

    Args:
        document: the tables.
        where: what an error calls the recipe.
        folder: where its word list is looked for; the current folder by default.

    Raises:
        RecipeError: naming ``where``, the key, the value and what is allowed.
    """
    try:
        # By way of JSON, since there a list may stand for a tuple though types are strict.
        recipe = Recipe.model_validate_json(json.dumps(document, default=str))
    except RecursionError as error:
        raise RecipeError("has tables in tables without end", where=where, how="see the README") from error
    except ValidationError as error:
        place, what, how = first_fault(error, Recipe)
        raise RecipeError(what, where=f"{where}: {place}", how=how) from error
    if folder is not None:
        recipe._folder = folder
    recipe._source = where
    return recipe


def _read(path: Path) -> dict[str, Any]:
    """The tables of a file, laid over those of the packaged recipe that it names as its ``base``."""
    try:
        document = parse_toml(read_text(path))
    except OSError as error:
        raise RecipeError(
            f"cannot be read ({error.strerror})", where=str(path), how="give a TOML file or a packaged recipe"
        ) from error
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"is no TOML file ({error})", where=str(path), how="mend that place") from error
    base = document.pop("base", None)
    if base is None:
        return document
    known = packaged_recipes()
    if not isinstance(base, str) or base not in known or known[base].resolve() == path.resolve():
        near = difflib.get_close_matches(str(base), known, n=3) or sorted(known)
        raise RecipeError(
            "is not allowed, since there is no such packaged recipe",
            where=f"{path.name}: base = {base!r}",
            how=f"allowed: {', '.join(near)}",
        )
    return _laid_over(_read(known[base]), document)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``above`` where it says something, else ``below``; tables are joined key by key."""
    joined = dict(below)
    for name, value in above.items():
        under = below.get(name)
        both = isinstance(value, dict) and isinstance(under, dict)
        joined[name] = under | value if both else value
    return joined


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
        return Path(name_or_path)
    known = packaged_recipes()
    if name_or_path in known:
        return known[name_or_path]
    near = difflib.get_close_matches(name_or_path, known, n=3) or sorted(known)
    raise RecipeError(
        f"there is no packaged recipe {name_or_path!r}",
        where="--recipe",
        how=f"use one of {', '.join(near)}, or the path of a .toml file",
    )


def _set(document: dict[str, Any], override: str) -> None:
    """Put one ``key=value`` into the tables."""
    key, equals, text = override.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise RecipeError(
            "is no override",
            where=f"--set {override}",
            how="write key=value, such as design.pairs_per_cell=10",
        )
    table: Any = document
    for name in names[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise RecipeError(
                f"{name} is no table", where=f"--set {override}", how="see memaudit make-kit --help"
            )
    table[names[-1]] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        parsed = parse_toml(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text
