"""The texts of a kit to be, for people to record."""

from __future__ import annotations

from memaudit.kit.draft import draft_apart
from memaudit.kit.make import Inputs
from memaudit.kit.recipe import Recipe
from memaudit.kit.text import text_source


def texts_to_record(recipe: Recipe, seed: int, inputs: Inputs) -> list[dict[str, str]]:
    """Id, voice and text of every utterance that `make_kit` makes from the same recipe, seed and inputs.

    Sorted by id, which is a random order, and without a word on arms, so that whoever records them does not
    speak some of them otherwise.

    Raises:
        RecipeError: if the recipe cannot be carried out.
    """
    drafted = draft_apart(recipe, seed, text_source(recipe), inputs.corpus())
    return [{"id": draft.id, "voice": draft.voice, "text": draft.text} for draft in drafted.drafts]
