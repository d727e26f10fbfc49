"""Which engine speaks a kit's controls: the clearest there is, or the one that the recipe names."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import AUTO
from memaudit.kit.speakers import hibari

#: The engine in whose place `AUTO` puts a clearer one. Any other was chosen on purpose.
_UNCLEAR = "pyttsx3"
_CLEAR = "hibari"


@dataclass(frozen=True, slots=True)
class ControlSpeech:
    """An engine, and the voices that take turns."""

    engine: str
    voices: tuple[str, ...]

    def __str__(self) -> str:
        return f"spoken by {self.engine} ({', '.join(self.voices)})"


def control_speech(recipe: Recipe) -> ControlSpeech:
    """Who speaks a recipe's controls on this machine.

    `AUTO` is hibari in the place of espeak-ng, where it is installed and speaks the language: a control
    shows whether a model was loaded properly, so it should be as easy to read as can be.
    """
    speech = recipe.speech
    engine = speech.controls_engine or speech.engine
    if engine == AUTO:
        better = speech.engine == _UNCLEAR and hibari.speaks(recipe.text.language) and hibari.installed()
        engine = _CLEAR if better else speech.engine
    if speech.controls_voices is not None:
        return ControlSpeech(engine, speech.controls_voices)
    other = engine == _CLEAR != speech.engine
    return ControlSpeech(engine, (hibari.VOICE,) if other else speech.voices)


def pinned(recipe: Recipe) -> Recipe:
    """The recipe with the engine and voices that `AUTO` stands for: it makes the same kit elsewhere."""
    if recipe.speech.controls_engine != AUTO:
        return recipe
    chosen = control_speech(recipe)
    own = chosen == ControlSpeech(recipe.speech.engine, recipe.speech.voices)
    named = {"controls_engine": chosen.engine, "controls_voices": None if own else chosen.voices}
    return recipe.model_copy(update={"speech": recipe.speech.model_copy(update=named)})
