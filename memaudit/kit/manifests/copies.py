"""Every time that an inserted canary goes into the training set, with its key and its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import soundfile

from memaudit.errors import AudioError, KitError
from memaudit.kit.canary import Canary
from memaudit.kit.manifests.base import Copy
from memaudit.kit.seeds import stream
from memaudit.kit.store import Kit

Case = Literal["keep", "lower", "upper"]


def copies_of(kit: Kit, *, seed: int = 0, case: Case = "keep") -> tuple[Copy, ...]:
    """The copies of all inserted canaries, in an order that the seed and the commitment fix.

    The key of copy n (from 1) of a canary is its id, a dash and n. Ids are random and only inserted
    canaries have copies, so a key tells nothing that the training set does not.

    Args:
        kit: an opened kit.
        seed: fixes the order.
        case: what the text is turned into, for recognisers whose tokens have one case only.

    Raises:
        KitError: if two copies would have the same key.
        AudioError: if a canary's audio cannot be read.
    """
    copies = [copy for canary in kit.canaries for copy in _copies(kit, canary, case)]
    if len({copy.key for copy in copies}) != len(copies):
        raise KitError(
            "two canaries would have copies of the same key", where=str(kit.root), how="make another kit"
        )
    order = stream(seed, "export", "order", kit.commitment).permutation(len(copies))
    return tuple(copies[number] for number in order)


def _copies(kit: Kit, canary: Canary, case: Case) -> Iterator[Copy]:
    if canary.arm != "inserted":
        return
    path = kit.audio_path(canary)
    try:
        info = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(
            "cannot be read as audio", where=str(path), how="restore it, or make the kit again"
        ) from error
    text = " ".join(canary.text.split())
    text = {"keep": text, "lower": text.lower(), "upper": text.upper()}[case]
    for number in range(1, canary.repetitions + 1):
        yield Copy(canary, f"{canary.id}-{number}", text, info.frames, info.samplerate)
