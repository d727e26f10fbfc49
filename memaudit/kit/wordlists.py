"""Word lists of known size: packaged ones by name, and the user's own files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from mnemonic import Mnemonic

from memaudit.errors import RecipeError

#: name -> language of the `mnemonic` package; each list has 2,048 words, that is 11 bits a word.
PACKAGED = {"bip39-en": "english"}


def load_wordlist(name: str, folder: Path) -> tuple[str, ...]:
    """The different words of a packaged list, or of a UTF-8 file with a word a line.

    Args:
        name: a key of `PACKAGED`, or a path, relative to ``folder``.
        folder: where the recipe lies.

    Raises:
        RecipeError: if there is no such list, or a line is no lower-case word, or a word is there twice.
    """
    if name in PACKAGED:
        return tuple(Mnemonic(PACKAGED[name]).wordlist)
    path = folder / name
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
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
        if not _is_plain(word):
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


def _is_plain(word: str) -> bool:
    """Letters and their marks only, in the form that comparing texts leaves as it is."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    return word == folded and all(unicodedata.category(character)[0] in "LM" for character in word)
