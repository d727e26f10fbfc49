"""Speaker ``pyttsx3``: espeak-ng, by pyttsx3's binding."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from memaudit.kit.espeak import engine
from memaudit.kit.speakers.base import Samples, Source, SpeechRequest
from memaudit.kit.voices import check_voices

#: Utterances that one state of the library speaks. The samples depend on it: another size is another kit.
CHUNK = 64


class EspeakSpeaker:
    """espeak-ng keeps state from one utterance to the next, so each chunk needs it fresh."""

    fresh = True
    chunk = CHUNK

    def __init__(self, source: Source) -> None:  # noqa: ARG002
        self._engine = engine()

    def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse voices that espeak-ng does not have."""
        check_voices({request.voice for request in requests})

    def say(self, request: SpeechRequest) -> tuple[Samples, int]:
        """Speak with the library as it is now."""
        native = self._engine.say(request.text, request.voice, request.rate)
        samples = np.frombuffer(native, dtype="<i2").astype(np.float32) / np.float32(32768)
        return samples, self._engine.sample_rate

    def versions(self) -> dict[str, str]:
        """The library's and those of the packages that bring it."""
        return {
            "espeak-ng": self._engine.version,
            **{name: version(name) for name in ("espeakng-loader", "pyttsx3")},
        }
