"""Foreign text (of kits, models, transcripts) made fit for a line of any format."""

from __future__ import annotations

from memaudit.printable import printable

LONGEST = 400
"""Characters that a text keeps; results.json and utterances.jsonl have the whole of it."""

# Line and paragraph separators: some readers end a line at them.
_SEPARATORS = {0x2028: "\N{REPLACEMENT CHARACTER}", 0x2029: "\N{REPLACEMENT CHARACTER}"}


def plain(text: str, longest: int = LONGEST) -> str:
    r"""One line without control, direction and surrogate characters, cut where it is too long.

    >>> plain("a\nb")
    'a�b'
    >>> plain("abcdef", longest=3)
    'abc… (6 characters)'
    """
    shown = printable(text[:longest]).translate(_SEPARATORS)
    return f"{shown}… ({len(text)} characters)" if len(text) > longest else shown
