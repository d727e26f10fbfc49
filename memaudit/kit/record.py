"""The texts of a kit to be, for people to record."""

from __future__ import annotations

from memaudit.kit.control_speech import control_speech
from memaudit.kit.draft import draft_apart
from memaudit.kit.make import Inputs
from memaudit.kit.recipe import Recipe
from memaudit.kit.text import text_source


def texts_to_record(recipe: Recipe, seed: int, inputs: Inputs) -> list[dict[str, str]]:
    """Id, voice and text of every utterance that `make_kit` takes from recordings, given the same arguments.

    That is all of them, but for controls that the recipe has spoken by another engine. They are sorted by id,
    which is a random order, and without a word on arms, so that whoever records them does not speak some of
    them otherwise.

    Raises:
        RecipeError: if the recipe cannot be carried out.
    """
    drafted = draft_apart(recipe, seed, text_source(recipe), inputs.corpus())
    others = control_speech(recipe).engine != recipe.speech.engine
    return [
        {"id": draft.id, "voice": draft.voice, "text": draft.text}
        for draft in drafted.drafts
        if not (others and draft.lot.arm == "control")
    ]
