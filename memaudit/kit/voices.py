"""Which voices there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from memaudit.errors import SpeechError
from memaudit.kit.espeak import engine, variants


def check_voices(voices: Iterable[str]) -> None:
    """Refuse voices that espeak-ng does not have, naming near ones.

    espeak-ng itself falls back to the plain voice in silence where a variant does not exist.

    Raises:
        SpeechError: for the first unknown voice.
    """
    names = sorted(engine().voices)
    for voice in sorted(voices):
        language, plus, variant = voice.partition("+")
        if language not in names:
            near = difflib.get_close_matches(language, names, n=4, cutoff=0.4)
            raise SpeechError(
                f"espeak-ng has no voice {language!r}",
                where=f"voice {voice!r}",
                how="near names: " + ", ".join(near or names[:5]),
            )
        if plus and variant not in variants():
            near = difflib.get_close_matches(variant, sorted(variants()), n=4, cutoff=0.3)
            raise SpeechError(
                f"espeak-ng has no variant {variant!r}",
                where=f"voice {voice!r}",
                how="near names: " + ", ".join(f"{language}+{name}" for name in near or ["f2", "m3"]),
            )
