"""How long the canaries of a draft will be, before all of them are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memaudit.kit.draft import Draft
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.estimate import SECONDS_PER_CHARACTER, SECONDS_PER_COMMA
from memaudit.kit.recipe import Recipe
from memaudit.kit.speakers import Source, SpeechRequest, hibari
from memaudit.kit.speech import SAMPLE_RATE, speak

Floats = NDArray[np.float64]

#: Utterances that are spoken to measure the rate: one process speaks so many anyway.
SAMPLE = 64
#: The engines that cost nothing to ask, and ask nothing in return.
SAMPLED = ("pyttsx3", "hibari")


@dataclass(frozen=True, eq=False)
class Durations:
    """Seconds of each draft, in their order, as it will be in the kit: f8[drafts].

    ``basis`` says what they rest on.
    """

    seconds: Floats
    basis: str


def estimate_durations(drafts: Sequence[Draft], recipe: Recipe, *, sample: int = SAMPLE) -> Durations:
    """Estimate the seconds of every draft from the characters of its text, and the commas between letters.

    By least squares from some drafts that are spoken for it; of engines that are not on this machine,
    or are other people's, nothing is spoken, and a rate stands in that was measured beforehand.

    Args:
        drafts: what will be made, in random order (that of ids).
        recipe: how it will be spoken and sped up.
        sample: how many drafts are spoken; 0: none.

    Raises:
        SpeechError: for a voice that does not exist.
    """
    known = np.array([[1.0, len(draft.text), draft.spoken.count(",")] for draft in drafts])
    if _sampled(recipe.speech.engine) and sample:
        # Controls may be spoken by another engine, and are other texts.
        chosen = [number for number, draft in enumerate(drafts) if draft.lot.arm != "control"][:sample]
        spoken = _speak([drafts[number] for number in chosen], recipe)
        natural = known @ np.linalg.lstsq(known[chosen], spoken, rcond=None)[0]
        basis = f"from {spoken.size} of its texts, spoken for this"
    else:
        slower = DEFAULT_RATE / (recipe.speech.rate or DEFAULT_RATE)
        natural = slower * (known @ [0.0, SECONDS_PER_CHARACTER, SECONDS_PER_COMMA])
        basis = f"at {SECONDS_PER_CHARACTER:g} s a character, as measured with espeak-ng"
    kept = recipe.speed.method == "pitch"
    return Durations(natural / np.array([1.0 if kept else draft.speed for draft in drafts]), basis)


def _sampled(engine: str) -> bool:
    return engine in SAMPLED and (engine != "hibari" or hibari.installed())


def _speak(drafts: Sequence[Draft], recipe: Recipe) -> Floats:
    requests = [
        SpeechRequest(draft.spoken, draft.voice, recipe.speech.rate, draft.id, draft.text) for draft in drafts
    ]
    source = Source(recipe.speech.engine, recipe.text.language)
    return np.array([samples.size / SAMPLE_RATE for samples in speak(requests, source=source)])
