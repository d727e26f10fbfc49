"""A reference and its transcript with what differs marked, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from memaudit.audit.normalise import normalise


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words in a row; ``differs`` where the other text has something else or nothing in their place."""

    text: str
    differs: bool


def differences(reference: str, transcript: str) -> tuple[list[Stretch], list[Stretch]]:
    """Both texts in stretches, aligned with as few word edits as possible.

    Words are compared as scores compare them, after the same normalisation, and shown as they were written.

    >>> differences("Abandon ability.", "abandon agility")[1]
    [Stretch(text='abandon', differs=False), Stretch(text='agility', differs=True)]
    """
    spoken, heard = reference.split(), transcript.split()
    edits = Levenshtein.opcodes([normalise(word) for word in spoken], [normalise(word) for word in heard])
    first: list[Stretch] = []
    second: list[Stretch] = []
    for edit in edits:
        differs = edit.tag != "equal"
        _append(first, spoken[edit.src_start : edit.src_end], differs)
        _append(second, heard[edit.dest_start : edit.dest_end], differs)
    return first, second


def _append(stretches: list[Stretch], words: Sequence[str], differs: bool) -> None:
    if not words:
        return
    text = " ".join(words)
    if stretches and stretches[-1].differs == differs:
        stretches[-1] = Stretch(f"{stretches[-1].text} {text}", differs)
    else:
        stretches.append(Stretch(text, differs))
