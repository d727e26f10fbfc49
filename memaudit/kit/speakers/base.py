"""What every source of speech gives, and what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One utterance to speak.

    Attributes:
        text: what the source is given.
        voice: a name that the source knows, such as ``en-us+f2``.
        rate: words a minute, or None for the source's own.
        id: of the canary, or empty.
        written: the text as the kit has it, where that is another one.
    """

    text: str
    voice: str
    rate: int | None = None
    id: str = ""
    written: str = ""

    @property
    def label(self) -> str:
        """The text as errors name it."""
        return self.written or self.text


@dataclass(frozen=True, slots=True)
class Source:
    """Which speaker, and what it is made with.

    Attributes:
        engine: a name from `memaudit.kit.speakers.registry.speaker_names`.
        language: the recipe's language code.
        command: the template of the engine ``command``.
        folder: the recordings of the engine ``recordings``.
    """

    engine: str = "pyttsx3"
    language: str = "en"
    command: str | None = None
    folder: str | None = None


class Speaker(Protocol):
    """A source of speech. Plug-ins offer a function `Source` -> `Speaker` in the group ``memaudit.speakers``.

    It is made in the main process, to check what is to be spoken, and once more in each process that speaks.
    """

    @property
    def fresh(self) -> bool:
        """True where an utterance depends on those before it.

        Then every chunk is spoken by a process that has said nothing yet, and a chunk with a fault is spoken
        again. Otherwise what is said must depend on the request alone: seed whatever is random by it.
        """

    @property
    def chunk(self) -> int:
        """How many utterances a process speaks before it answers."""

    def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse, before anything is spoken, what cannot be: an unknown voice, a missing file.

        Raises:
            MemauditError: in one line.
        """

    def say(self, request: SpeechRequest) -> tuple[Samples, int]:
        """Speak: float32[S] mono with full scale 1, and the sample rate in Hz.

        Raises:
            MemauditError: in one line; any other error is reported as one of the speaker.
        """

    def versions(self) -> dict[str, str]:
        """Name -> version of what the samples depend on, for kit.json."""
