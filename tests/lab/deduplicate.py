"""What a data team does about copies: every utterance is kept once."""

from __future__ import annotations

import hashlib

from memaudit.lab.utterances import Utterances


def deduplicated(utterances: Utterances) -> Utterances:
    """The first of every set of exact copies, in the order that they had.

    Copies have the same text and the same features to the last bit, which exact copies of audio have. A
    sentence spoken again, by another voice or at another speed, is no copy.
    """
    first: dict[bytes, int] = {}
    for number, (features, text) in enumerate(zip(utterances.features, utterances.texts, strict=True)):
        digest = hashlib.sha256(features.cpu().contiguous().numpy().tobytes())
        digest.update(f"/{features.dtype}/{tuple(features.shape)}/{text}".encode())
        first.setdefault(digest.digest(), number)
    return utterances.select(first.values())
