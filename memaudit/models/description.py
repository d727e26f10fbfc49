"""model.toml: what a model's own files do not say.

The description of a CTC model over 80 log-mel features with characters as tokens, all of it that is needed::

    schema = "memaudit/model/1"
    [front_end]
    kind = "kaldi"
    num_mels = 80
    [tokens]
    file = "tokens.txt"
    style = "char"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.registry import make_front_end
from memaudit.models.tokens.base import Tokens
from memaudit.models.tokens.registry import load_tokens
from memaudit.models.validation import M, Table, validated
from memaudit.reading import is_file, parse_toml, read_text

SCHEMA = "memaudit/model/1"


class DescriptionTable(Table):
    """The keys of a model.toml. What the tables may hold is up to the family, the front end and the tokens.

    Attributes:
        schema_: "memaudit/model/1".
        family: the adapter's name; left out, the model file's suffix decides where it can.
        files: role -> file, relative to the model.toml; each family names its roles.
        front_end: its kind and options.
        tokens: the vocabulary.
        inputs: role -> name of a graph input, where binding by name, type and shape is not enough.
        outputs: role -> name of a graph output, likewise.
        decoder: options of search and loss.
    """

    schema_: Literal["memaudit/model/1"] = Field(alias="schema")
    family: str | None = None
    files: dict[str, str] = Field(default_factory=dict)
    front_end: dict[str, Any] | None = None
    tokens: dict[str, Any] | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)
    decoder: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """A model.toml that has been read or detected, and the model file it is to be used with.

    Attributes:
        path: the model.toml; where it was detected, the file or folder that it describes.
        table: what it says.
        model_file: the model file that the user named, or None where it was the model.toml or its folder.
        base: what file names are relative to where that is not the folder of ``path``.
        reasons: why a family took the model for its own, a sentence each; empty where a model.toml was read.
    """

    path: Path
    table: DescriptionTable = field(repr=False)
    model_file: Path | None = None
    base: Path | None = None
    reasons: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """What file names are relative to."""
        return self.path.parent if self.base is None else self.base

    @property
    def files(self) -> tuple[Path, ...]:
        """The model.toml itself, where there is one: the outputs depend on it."""
        return () if self.reasons else (self.path,)

    def front_end(self) -> FrontEnd:
        """The front end; `ModelError` if [front_end] is missing or wrong."""
        if self.table.front_end is None:
            raise ModelError(
                "no [front_end]: the model's input cannot be computed",
                where=str(self.path),
                how="add the table",
            )
        return make_front_end(self.table.front_end, where=str(self.path))

    def tokens(self) -> Tokens:
        """The vocabulary; `ModelError` if [tokens] or its file is missing or wrong."""
        if self.table.tokens is None:
            raise ModelError(
                "no [tokens]: the model's output cannot be read", where=str(self.path), how="add the table"
            )
        return load_tokens(self.table.tokens, self.folder, where=str(self.path))

    def section(self, key: Literal["files", "inputs", "outputs", "decoder"], model: type[M]) -> M:
        """One of the family's own tables, checked against the family's ``model`` of it."""
        return validated(model, getattr(self.table, key), where=str(self.path), key=key)

    def model_path(self, suffixes: tuple[str, ...]) -> Path:
        """The file of a family that has one: the user's, else [files] model, else the only one in the folder.

        Raises:
            ModelError: if there is none, if two could be meant, or if the user's is not the described one.
        """
        named = self.section("files", SingleFile).model
        if named is None:
            return self.model_file or self._only(suffixes)
        path = self.folder / named
        if self.model_file is not None and self.model_file.resolve() != path.resolve():
            raise ModelError(
                f"describes {named}, not {self.model_file.name}",
                where=str(self.path),
                how=f"leave out 'files.model', or write {self.model_file.stem}.model.toml for this one",
            )
        if not is_file(path):
            raise ModelError(
                f"the model file {named} is missing",
                where=str(self.path),
                how="put it there or mend 'files.model'",
            )
        return path

    def _only(self, suffixes: tuple[str, ...]) -> Path:
        found = sorted(p for p in self.folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())
        if len(found) == 1:
            return found[0]
        what = f"{', '.join(p.name for p in found)} could each be the model" if found else "no model file"
        raise ModelError(
            f"{what} (looked for {', '.join('*' + s for s in suffixes)})",
            where=str(self.folder),
            how="give the model file itself, or set 'files.model' in model.toml",
        )


class SingleFile(Table):
    """[files] of a family whose model is one file."""

    model: str | None = Field(None, min_length=1)


def detected_description(
    given: Path, folder: Path, table: Mapping[str, Any], family: str, reasons: tuple[str, ...]
) -> Description:
    """The description that a family wrote of files that have none.

    Args:
        given: the file or folder that the user named.
        folder: what file names are relative to.
        table: the model.toml without ``schema`` and ``family``.
        family: the adapter.
        reasons: why, at least one sentence.
    """
    whole = {"schema": SCHEMA, "family": family, **table}
    return Description(
        given, validated(DescriptionTable, whole, where=str(given)), base=folder, reasons=reasons
    )


def read_description(path: Path, model_file: Path | None = None) -> Description:
    """Read a model.toml.

    Raises:
        ModelError: if it cannot be read, is no TOML, or has unknown keys or wrong values.
    """
    return Description(path, validated(DescriptionTable, _read_toml(path), where=str(path)), model_file)


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        return parse_toml(read_text(path))
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ModelError(f"is no TOML: {reason}", where=str(path)) from error
