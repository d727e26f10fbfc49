"""Text made alike on both sides before it is compared."""

from __future__ import annotations

import unicodedata

NAME = "basic/1"
"""The normaliser's name in results: a change of its rules changes the name."""


def normalise(text: str) -> str:
    """NFKC, case folded, dashes to spaces, other punctuation and symbols dropped, white space collapsed.

    Control characters count as white space, so that nothing invisible takes part in a comparison.

    >>> normalise("It's  a Well-known FACT.")
    'its a well known fact'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(map(_keep, folded)).split())


def _keep(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Pd" or category[0] in "ZC":
        # A format character (zero-width joiner, direction mark) divides no word.
        return "" if category == "Cf" else " "
    return "" if category[0] in "PS" else character
