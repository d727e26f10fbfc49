"""Text of files that others made, for a terminal or a report: nothing in it steers what shows it."""

from __future__ import annotations

from unicodedata import category


def printable(text: str, *, keep: str = "") -> str:
    r"""``text`` with control, direction and surrogate characters, but those of ``keep``, made U+FFFD.

    >>> printable("a\x1b[31mb")
    'a\ufffd[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)
