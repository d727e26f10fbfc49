"""Word lists of known size: packaged ones by name, and the user's own files."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from mnemonic import Mnemonic

from memaudit.errors import RecipeError
from memaudit.kit.language import packaged_text
from memaudit.kit.places import find_beside
from memaudit.kit.recipe import Recipe
from memaudit.reading import read_text


@dataclass(frozen=True)
class PackagedList:
    """A list that comes with memaudit or with a package that it needs.

    ``mnemonic`` is a language of the package of that name, whose lists have 2,048 words each, 11 bits a
    word (MIT licence); else ``file`` is one of our own.
    """

    language: str
    mnemonic: str = ""
    file: str = ""


PACKAGED = {
    "bip39-en": PackagedList("en", mnemonic="english"),
    "bip39-es": PackagedList("es", mnemonic="spanish"),
    "bip39-fr": PackagedList("fr", mnemonic="french"),
    "bip39-pt": PackagedList("pt", mnemonic="portuguese"),
    "bip39-it": PackagedList("it", mnemonic="italian"),
    "bip39-cs": PackagedList("cs", mnemonic="czech"),
    "bip39-ru": PackagedList("ru", mnemonic="russian"),
    "bip39-tr": PackagedList("tr", mnemonic="turkish"),
    "german-512": PackagedList("de", file="words-de.txt"),  # 9 bits a word
}


def wordlist_of(recipe: Recipe) -> tuple[str, ...]:
    """The words of the recipe's list.

    Raises:
        RecipeError: as in `load_wordlist`, or if a packaged list is one of another language.
    """
    name, language = recipe.text.wordlist, recipe.text.language.partition("-")[0]
    if name in PACKAGED and PACKAGED[name].language != language:
        own = [other for other, found in PACKAGED.items() if found.language == language]
        raise RecipeError(
            f"is a list of the language {PACKAGED[name].language!r}, and text.language is {language!r}",
            where=recipe.place("text.wordlist"),
            how=f"use {own[0]}" if own else "give a file of words of that language",
        )
    return load_wordlist(name, recipe.folder)


def load_wordlist(name: str, folder: Path) -> tuple[str, ...]:
    """The different words of a packaged list, or of a UTF-8 file with a word a line.

    Args:
        name: a key of `PACKAGED`, or a path, relative to ``folder`` or else to the current folder.
        folder: where the recipe lies.

    Raises:
        RecipeError: if there is no such list, or a line is no lower-case word, or a word is there twice.
    """
    if name in PACKAGED:
        return _packaged(PACKAGED[name])
    path = find_beside(name, folder)
    try:
        lines = read_text(path, "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise RecipeError(
            f"the word list {name!r} cannot be read ({reason})",
            where=str(path),
            how=f"use one of {', '.join(PACKAGED)}, or a file beside the recipe with a word a line",
        ) from error
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        word = line.strip()
        if not word:
            continue
        if not is_plain(word):
            raise RecipeError(
                f"{word!r} is no plain word",
                where=f"{path}:{number}",
                how="write one lower-case word of letters a line",
            )
        if word in seen:
            raise RecipeError(
                f"{word!r} is there twice, first in line {seen[word]}",
                where=f"{path}:{number}",
                how="remove one",
            )
        seen[word] = number
    if len(seen) < 2:
        raise RecipeError("has fewer than two words", where=str(path), how="give a longer list")
    return tuple(seen)


def _packaged(chosen: PackagedList) -> tuple[str, ...]:
    if chosen.file:
        return tuple(packaged_text(chosen.file).split())
    # Some of these lists have their accents as characters of their own, which no transcript has; and mnemonic
    # 0.21 has one Russian word with two letters lost.
    words = (unicodedata.normalize("NFC", word) for word in Mnemonic(chosen.mnemonic).wordlist)
    return tuple(word for word in words if is_plain(word))


def is_plain(word: str) -> bool:
    """Letters and their marks only, in the form that comparing texts leaves as it is."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    return word == folded and all(unicodedata.category(character)[0] in "LM" for character in word)
