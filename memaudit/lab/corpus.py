"""The sets that recognisers are trained and tested on, with no sentence in two of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from memaudit.kit.store import Kit
from memaudit.lab.data import Speech, canaries_to_train_on, ordinary_requests, ordinary_speech
from memaudit.lab.setup import FIRST_VOICES, NEW_VOICES, Setup
from memaudit.lab.utterances import FrontEnd, Utterances, Vocabulary

#: Opens a progress bar of that title; what it yields is called with (done, total).
Watch = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True)
class Corpus:
    """Ordinary speech of four kinds, and the canaries with their copies.

    ``validation`` and ``test`` are spoken like ``fine_tuning``: by the kit's voices and by new ones.
    """

    pretraining: Utterances
    fine_tuning: Utterances
    validation: Utterances
    test: Utterances
    canaries: Utterances


def make_corpus(
    setup: Setup, kit: Kit, vocabulary: Vocabulary, front_end: FrontEnd, *, seed: int, jobs: int, watch: Watch
) -> Corpus:
    """Speak and featurise everything.

    No ordinary sentence is a canary's or control's text, and none is in two sets.
    """
    voices = tuple(kit.recipe.speech.voices) + NEW_VOICES
    sizes = setup.sizes
    parts = {
        "pretraining": Speech(sizes.pretraining, FIRST_VOICES),
        "fine_tuning": Speech(sizes.fine_tuning, voices),
        "validation": Speech(sizes.validation, voices),
        "test": Speech(sizes.test, voices),
    }
    canaries = canaries_to_train_on(kit.root, vocabulary, front_end)
    taken = {canary.text for canary in kit.canaries}
    spoken = {}
    for name, speech in parts.items():
        requests = ordinary_requests(speech, vocabulary, seed, name, taken)
        taken.update(request.text for request in requests)
        with watch(f"Speaking: {name.replace('_', '-')}") as progress:
            spoken[name] = ordinary_speech(requests, vocabulary, front_end, jobs=jobs, progress=progress)
    return Corpus(**spoken, canaries=canaries)
