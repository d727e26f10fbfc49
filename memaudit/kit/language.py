"""What memaudit knows of the languages that it has recipes for."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from memaudit.errors import RecipeError


@dataclass(frozen=True)
class Language:
    """Digits, letters and sounds of one language (``data/languages.toml``).

    ``digits`` are the words for 0 to 9; ``letters`` are those whose spoken names differ; a syllable of a
    pseudoword is one of ``onsets`` and one of ``vowels``.
    """

    code: str
    name: str
    digits: tuple[str, ...]
    letters: tuple[str, ...]
    onsets: tuple[str, ...]
    vowels: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Ordinary sentences, lower-case and without punctuation, for controls."""
        return tuple(packaged_text(f"sentences-{self.code}.txt").splitlines())


@cache
def languages() -> dict[str, Language]:
    """Every known language by its code of two letters."""
    tables = tomllib.loads(packaged_text("languages.toml"))
    return {
        code: Language(
            code,
            name=table["name"],
            digits=tuple(table["digits"]),
            letters=tuple(table["letters"]),
            onsets=tuple(table["onsets"]),
            vowels=tuple(table["vowels"]),
        )
        for code, table in tables.items()
    }


def language_of(code: str, where: str, how: str = "") -> Language:
    """The language of a code such as ``pt-BR``; the region is not looked at.

    Args:
        code: what the recipe calls its language.
        where: what an error points at.
        how: what an error advises, beside naming the languages that there are.

    Raises:
        RecipeError: if it is not known.
    """
    known = languages()
    plain = code.partition("-")[0]
    if plain in known:
        return known[plain]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.5)
    ways = f"use one of {', '.join(near or sorted(known))}"
    raise RecipeError(
        f"nothing is known of the language {code!r}", where=where, how=f"{ways}, or {how}" if how else ways
    )


def packaged_text(name: str) -> str:
    """The content of a text file of the package's data."""
    return files("memaudit.kit").joinpath("data", name).read_text(encoding="utf-8")
