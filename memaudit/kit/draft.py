"""A kit on paper: every utterance with its text, its lot and its name, before any audio."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.assignment import Lot, deal, strata
from memaudit.kit.canary import audio_name
from memaudit.kit.control_speech import control_speech
from memaudit.kit.controls import control_texts
from memaudit.kit.exclusion import Corpus
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import token
from memaudit.kit.text import TextSource, draw_texts, text_source


@dataclass(frozen=True, slots=True)
class Draft:
    """One utterance to be made. ``spoken`` is what an engine is given so that it says ``text``."""

    id: str
    text: str
    voice: str
    speed: float
    lot: Lot
    spoken: str

    @property
    def audio(self) -> str:
        """Where its audio lies in the kit."""
        return audio_name(self.id, self.lot.arm)


_CONTROL = Lot("control", 0, None)


@dataclass(frozen=True, slots=True)
class Drafted:
    """All utterances of a kit, sorted by id, and how many texts were drawn anew for a corpus."""

    drafts: list[Draft]
    redrawn: int


def draft_kit(recipe: Recipe, seed: int, source: TextSource | None = None) -> list[Draft]:
    """Draw all texts, then the assignment, then the ids; sorted by id, which is a random order.

    Raises:
        RecipeError: if the recipe asks for more texts or controls than there are.
    """
    return draft_apart(recipe, seed, source or text_source(recipe), Corpus(())).drafts


def draft_apart(recipe: Recipe, seed: int, source: TextSource, corpus: Corpus) -> Drafted:
    """`draft_kit` without texts of which a run of words occurs in ``corpus``.

    Controls are ordinary sentences, and are not looked for.

    Raises:
        RecipeError: as `draft_kit`, or if the corpus cannot be read or leaves too few texts.
    """
    groups = strata(recipe, seed, source)
    slots = [group for group in groups for _ in range(group.size)]
    lengths = [slot.words for slot in slots]
    texts, redrawn = corpus.draw(lambda taken: draw_texts(source, lengths, seed, "text", taken), source.fixed)
    lots = deal(groups, recipe.design, seed)
    voices = control_speech(recipe).voices
    controls = control_texts(recipe, source, seed, set(texts))
    alike = recipe.text.control_style == "recipe"
    entries = [
        *(
            (text, slot.voice, slot.speed, lot, source.spoken(text))
            for text, slot, lot in zip(texts, slots, lots, strict=True)
        ),
        *(
            (text, voices[number % len(voices)], 1.0, _CONTROL, source.spoken(text) if alike else text)
            for number, text in enumerate(controls)
        ),
    ]
    drafts = [Draft(name, *entry) for name, entry in zip(_names(seed, len(entries)), entries, strict=True)]
    return Drafted(sorted(drafts, key=lambda draft: draft.id), redrawn)


def _names(seed: int, count: int) -> list[str]:
    """Different random ids. The letter in front keeps any tool from reading one as a number."""
    names: dict[str, None] = {}
    number = 0
    while len(names) < count:
        names[f"c{token(seed, 'id', number)}"] = None
        number += 1
    return list(names)
