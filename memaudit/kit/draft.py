"""A kit on paper: every utterance with its text, its lot and its name, before any audio."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.assignment import Lot, deal, strata
from memaudit.kit.controls import control_texts
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import token
from memaudit.kit.text import TextSource, draw_texts, text_source


@dataclass(frozen=True, slots=True)
class Draft:
    """One utterance to be made."""

    id: str
    text: str
    voice: str
    speed: float
    lot: Lot


def draft_kit(recipe: Recipe, seed: int, source: TextSource | None = None) -> list[Draft]:
    """Draw all texts, then the assignment, then the ids; sorted by id, which is a random order.

    Raises:
        RecipeError: if the recipe asks for more texts or controls than there are.
    """
    source = source or text_source(recipe)
    groups = strata(recipe, seed)
    slots = [group for group in groups for _ in range(group.size)]
    texts = draw_texts(source, [slot.words for slot in slots], seed, "text")
    lots = deal(groups, recipe.design, seed)
    voices = recipe.speech.voices
    entries = [
        *((text, slot.voice, slot.speed, lot) for text, slot, lot in zip(texts, slots, lots, strict=True)),
        *(
            (text, voices[number % len(voices)], 1.0, Lot("control", 0, None))
            for number, text in enumerate(control_texts(recipe, source, seed, set(texts)))
        ),
    ]
    drafts = [Draft(name, *entry) for name, entry in zip(_names(seed, len(entries)), entries, strict=True)]
    return sorted(drafts, key=lambda draft: draft.id)


def _names(seed: int, count: int) -> list[str]:
    """Different random ids. The letter in front keeps any tool from reading one as a number."""
    names: dict[str, None] = {}
    number = 0
    while len(names) < count:
        names[f"c{token(seed, 'id', number)}"] = None
        number += 1
    return list(names)
