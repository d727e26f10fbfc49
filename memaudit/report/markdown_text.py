r"""Markdown (GitHub's and GitLab's dialect) from foreign text, which stays text whatever it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from memaudit.report.plain import plain

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_SPECIAL = re.compile(
    r"[&<>|\\`*_\[\]{}~$!]"
    # Servers make mentions, references, emoji and links of finished text, in which no escape is left.
    r"|[@#](?=\w)|:(?=[\w+-])|/(?=/)|\bwww(?=\.)",
    re.IGNORECASE,
)
# What would open a list or a heading, or draw a line, at the beginning of a block.
_BLOCK = re.compile(r"^(?=[-+=#]|\d+[.)](?:\s|$))")
_GAP = "&#8203;"
"""A zero-width space."""


def escape(text: str, longest: int = 400) -> str:
    r"""Prose that says ``text`` and does nothing else: no markup, HTML, table cell, mention or link.

    >>> escape("*a* <b> | @team")
    '\\*a\\* &lt;b&gt; &#124; @&#8203;team'
    """
    return _BLOCK.sub(_GAP, _SPECIAL.sub(_tame, plain(text, longest).strip()))


def _tame(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in "@#:/" or len(sign) > 1:
        return sign + _GAP
    return _ENTITIES.get(sign, f"\\{sign}")


def code(text: str, longest: int = 200) -> str:
    r"""A code span, or prose where the text has signs that end one.

    >>> code("auc@1 <= 0.6")
    '`auc@1 <= 0.6`'
    """
    shown = plain(text, longest).strip()
    return f"`{shown}`" if shown and not set("`|\\") & set(shown) else escape(text, longest) or "(empty)"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = False) -> list[str]:
    """The lines of a table, whose cells are Markdown already; ``figures`` are set to the right."""
    lines = [columns, ["--:" if figures else "---"] * len(columns), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def fit(blocks: Iterable[Sequence[str]], limit: int) -> str:
    """Blocks (lists of lines) with blank lines between, cut with a note where they pass ``limit`` bytes."""
    lines = [line for block in blocks if block for line in (*block, "")]
    text = "\n".join(lines)
    if len(text.encode()) <= limit:
        return text
    note = (
        f"\n**Cut here** from {len(text.encode())} bytes, which are more than servers show: report.html and "
        "results.json have everything.\n"
    )
    kept, room = [], limit - len(note.encode())
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept) + note
