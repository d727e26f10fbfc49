"""One utterance of a kit, as a line of audit/assignment.jsonl holds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from memaudit.limits import MOST_COPIES

Arm = Literal["inserted", "held_out", "control"]


class Canary(BaseModel):
    """One utterance and what the design decided about it.

    ``pair`` names the coin that decided its arm: both twins of a pair share one; with coins each canary has
    its own (see `memaudit.kit.assignment.coin_levels`); reserve canaries and controls have none.
    ``duration`` is in seconds, from the number of samples; ``audio`` is relative to the kit's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(
        pattern=r"^[a-z0-9-]+$", max_length=64, description="lower-case letters, digits and dashes"
    )
    pair: str | None = Field(pattern=r"^[a-z0-9-]+$", description="the name of a coin, or null")
    text: str = Field(min_length=1, description="a text")
    arm: Arm = Field(description='"inserted", "held_out" or "control"')
    repetitions: int = Field(ge=0, le=MOST_COPIES, description="a whole number; 0 unless inserted")
    speed: float = Field(gt=0, allow_inf_nan=False, description="a number above 0; 1 for a control")
    voice: str = Field(description="a voice's name")
    language: str = Field(description="a language code")
    duration: float = Field(gt=0, allow_inf_nan=False, description="seconds, above 0")
    audio: str = Field(description="train/audio/ID.flac for an inserted canary, else audit/audio/ID.flac")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="64 hexadecimal digits")

    @model_validator(mode="after")
    def _consistent(self) -> Canary:
        if (self.arm == "inserted") != (self.repetitions > 0):
            raise ValueError("an inserted canary has repetitions, and no other has")
        if self.arm == "inserted" and self.pair is None:
            raise ValueError("an inserted canary has a coin")
        if self.arm == "control" and (self.pair is not None or self.speed != 1):
            raise ValueError("a control has no coin and speed 1")
        if self.audio != audio_name(self.id, self.arm):
            raise ValueError(f"its audio is not {audio_name(self.id, self.arm)}, the place for its arm")
        return self

    @property
    def words(self) -> int:
        """How many words its text has."""
        return len(self.text.split())

    def row(self) -> dict[str, Any]:
        """The line of assignment.jsonl."""
        return self.model_dump(mode="json")

    def manifest_row(self) -> dict[str, Any]:
        """The line of train/manifest.jsonl, with ``audio`` relative to train/."""
        fields = ("id", "text", "duration", "speed", "voice", "language", "repetitions")
        return {name: getattr(self, name) for name in fields} | {"audio": self.audio.removeprefix("train/")}


def audio_name(canary_id: str, arm: Arm) -> str:
    """Where the audio of a canary lies in a kit: only inserted ones under train/."""
    return f"{'train' if arm == 'inserted' else 'audit'}/audio/{canary_id}.flac"


def by_id(canaries: Iterable[Canary]) -> tuple[Canary, ...]:
    """The order of every file of a kit: ids are random, so it tells nothing."""
    return tuple(sorted(canaries, key=lambda canary: canary.id))
