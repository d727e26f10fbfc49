"""Speaker ``hibari``: a neural voice of English that runs in onnxruntime, far clearer than espeak-ng."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from memaudit.errors import MissingExtraError, RecipeError, SpeechError
from memaudit.files import sha256_file
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.speakers.base import Samples, Source, SpeechRequest

#: The voice that is inside the package; the others are files that a person fetches.
VOICE = "heart"
LANGUAGE = "en"
EXTRA = "voice"


def installed() -> bool:
    """Whether the package is there; nothing is imported."""
    return find_spec("hibari") is not None


def speaks(language: str) -> bool:
    """Whether it is a voice of that language: ``en``, ``en-GB``."""
    return language.partition("-")[0] == LANGUAGE


class HibariSpeaker:
    """Each utterance depends on its request alone: its noise is seeded by the text."""

    fresh = False
    chunk = 16

    def __init__(self, source: Source) -> None:
        try:
            self._package: Any = import_module("hibari")
            self._registry: Any = import_module("hibari.voices")
        except ImportError as error:
            raise MissingExtraError("the speaker hibari", EXTRA) from error
        if not speaks(source.language):
            raise RecipeError(
                "hibari speaks English only",
                where=f"text.language = {source.language!r}",
                how='use speech.engine = "pyttsx3"',
            )
        self._asked: set[str] = set()
        self._loaded: dict[str, Any] = {}

    def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse voices that are unknown or not on this machine: none is downloaded."""
        self._asked = {request.voice for request in requests}
        for voice in sorted(self._asked):
            self._model(voice)

    def say(self, request: SpeechRequest) -> tuple[Samples, int]:
        """Speak. At a rate of 175 words a minute it has its own pace, which is about that."""
        voice = self._loaded.get(request.voice)
        if voice is None:
            self._model(request.voice)
            # One thread: how sums are split among several would change their last bits.
            voice = self._loaded[request.voice] = self._package.Hibari(voice=request.voice, threads=1)
        speed = (request.rate or DEFAULT_RATE) / DEFAULT_RATE
        samples: Samples = voice(request.text, speed=speed, seed=zlib.crc32(request.text.encode()))
        return samples, int(self._package.SAMPLE_RATE)

    def versions(self) -> dict[str, str]:
        """The package's, those of what it computes with, and the hash of each voice that was asked for."""
        packages = {name: version(name) for name in ("hibari-tts", "onnxruntime", "scipy")}
        models = {
            f"hibari voice {voice}": f"sha256:{sha256_file(self._model(voice))}"
            for voice in sorted(self._asked)
        }
        return packages | models

    def _model(self, voice: str) -> Path:
        """The model of a voice.

        Raises:
            SpeechError: if there is no such voice, or its model is not on this machine.
        """
        where = f"voice {voice!r}"
        known = self._registry.VOICES
        if voice not in known:
            near = difflib.get_close_matches(voice, known, n=3) or [VOICE]
            raise SpeechError("hibari has no such voice", where=where, how=f"near names: {', '.join(near)}")
        try:
            return Path(self._registry.voice_path(voice, download_missing=False))
        except OSError as error:
            raise SpeechError(
                "its model is not on this machine",
                where=where,
                how=f"run: hibari --voice {voice} hello, which fetches it; or use {VOICE}, which is there",
            ) from error
