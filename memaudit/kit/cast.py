"""Who speaks a kit: one source for the canaries, and the same or another one for the controls."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.kit.control_speech import control_speech
from memaudit.kit.recipe import Recipe
from memaudit.kit.speakers import Source, Speaker, make_speaker


@dataclass(frozen=True)
class Role:
    """A speaker, and what it was made from."""

    source: Source
    speaker: Speaker


@dataclass(frozen=True)
class Cast:
    """The two roles; one and the same where the engine is one."""

    canaries: Role
    controls: Role

    @property
    def roles(self) -> tuple[Role, ...]:
        """Each of them once."""
        return (self.canaries,) if self.controls is self.canaries else (self.canaries, self.controls)

    def role(self, arm: str) -> Role:
        """Who speaks an arm."""
        return self.controls if arm == "control" else self.canaries

    def versions(self) -> dict[str, str]:
        """Name -> version of what the samples depend on."""
        return {name: value for role in self.roles for name, value in role.speaker.versions().items()}


def make_cast(recipe: Recipe, recordings: str | None = None) -> Cast:
    """The speakers of a recipe.

    Args:
        recipe: of the kit.
        recordings: the folder of the engine ``recordings``.

    Raises:
        MemauditError: if one cannot be started (`memaudit.kit.speakers.make_speaker`).
    """

    def role(engine: str) -> Role:
        source = Source(engine, recipe.text.language, recipe.speech.command, recordings)
        return Role(source, make_speaker(source))

    canaries, engine = role(recipe.speech.engine), control_speech(recipe).engine
    return Cast(canaries, canaries if engine == recipe.speech.engine else role(engine))
