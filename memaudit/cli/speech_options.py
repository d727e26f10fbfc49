"""Options of make-kit that say who speaks, and what they change in a recipe."""

from __future__ import annotations

import json

from memaudit.errors import UsageError
from memaudit.kit.recipe import Recipe, load_recipe

COMMAND_VOICE = "tts-command"
RECORDED_VOICE = "recorded"


def chosen_recipe(name: str, overrides: tuple[str, ...], command: str | None, recorded: bool) -> Recipe:
    """The recipe with its overrides, spoken by ``command`` or by recordings where these are asked for.

    A recipe of another engine keeps its voices only if the command can tell them apart. Overrides win.

    Raises:
        UsageError: if both are asked for, or a recipe's own command was not confirmed.
        RecipeError: as `load_recipe`.
    """
    if command is not None and recorded:
        raise UsageError(
            "give one of --tts-command and recordings, not both", where="--tts-command", how="leave one out"
        )
    engine = load_recipe(name, overrides).speech.engine
    implied: list[str] = []
    if recorded and engine != "recordings":
        implied += ["speech.engine=recordings", _voices(RECORDED_VOICE)]
    if command is not None:
        implied += ["speech.engine=command", f"speech.command={json.dumps(command)}"]
        if engine != "command" and "{voice}" not in command:
            implied.append(_voices(COMMAND_VOICE))
    recipe = load_recipe(name, [*implied, *overrides])
    keys = ("speech.engine", "speech.controls_engine")
    runs = [key for key in keys if getattr(recipe.speech, key.removeprefix("speech.")) == "command"]
    if runs and recipe.speech.command and command is None:
        raise UsageError(
            f"wants to run {recipe.speech.command!r} for every text",
            where=recipe.place(runs[0]),
            how="if you trust it, say so: give it with --tts-command",
        )
    return recipe


def _voices(name: str) -> str:
    return f"speech.voices={json.dumps([name])}"
