"""From drafts to audio: speak, change the speed, set the level, check, encode."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from memaudit.errors import SpeechError
from memaudit.kit.audio import Samples, flac_bytes
from memaudit.kit.checks import fault
from memaudit.kit.draft import Draft
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.recipe import Recipe
from memaudit.kit.speech import SAMPLE_RATE, SpeechRequest, speak
from memaudit.kit.speed import at_level, change_speed

#: Root mean square of every utterance of a kit, with full scale 1.
LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Rendered:
    """The audio of one draft: a FLAC file's bytes, their SHA-256, and the duration in seconds."""

    draft: Draft
    flac: bytes
    sha256: str
    duration: float


def render(
    drafts: Sequence[Draft], recipe: Recipe, jobs: int, progress: Callable[[int, int], None] | None = None
) -> Iterator[Rendered]:
    """Make the audio of ``drafts`` in their order, one at a time, so that memory stays bounded.

    Raises:
        SpeechError: if an utterance is faulty, or is the same audio as another.
    """
    speech = recipe.speech
    requests = [SpeechRequest(draft.text, draft.voice, speech.rate) for draft in drafts]
    seen: dict[str, str] = {}
    for draft, spoken in zip(drafts, speak(requests, jobs=jobs, progress=progress), strict=True):
        samples = _finish(spoken, draft, recipe)
        flac = flac_bytes(samples, speech.sample_rate)
        sha256 = hashlib.sha256(flac).hexdigest()
        if sha256 in seen:
            raise SpeechError(
                f"the same audio came out for {draft.text!r} and {seen[sha256]!r}",
                where=f"voice {draft.voice!r}",
                how="use another voice or language",
            )
        seen[sha256] = draft.text
        yield Rendered(draft, flac, sha256, samples.size / speech.sample_rate)


def _finish(spoken: Samples, draft: Draft, recipe: Recipe) -> Samples:
    fast = change_speed(spoken, draft.speed, SAMPLE_RATE, recipe.speed.method)
    if recipe.speech.sample_rate != SAMPLE_RATE:
        fast = np.asarray(soxr.resample(fast, SAMPLE_RATE, recipe.speech.sample_rate), dtype=np.float32)
    samples = at_level(fast, LEVEL)
    shorter = 1.0 if recipe.speed.method == "pitch" else draft.speed
    pace = shorter * (recipe.speech.rate or DEFAULT_RATE) / DEFAULT_RATE
    wrong = fault(samples, recipe.speech.sample_rate, draft.text, pace)
    if wrong:
        raise SpeechError(
            f"{wrong} for text {draft.text!r} at speed {draft.speed:g}",
            where=f"voice {draft.voice!r}",
            how="use another voice, speed or method",
        )
    return samples
