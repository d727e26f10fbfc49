"""The tables of a recipe. A field's description is what an error names as allowed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from memaudit.kit.profiles import PROFILES, unknown_profile
from memaudit.kit.speed import Method

Whole = Annotated[int, Field(ge=1, le=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Item = TypeVar("Item")
Factor = Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)]
_ENGINE = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
#: What stands for the clearest engine that is installed (`memaudit.kit.control_speech`).
AUTO = "auto"


class Part(BaseModel):
    """One table: unknown keys are refused, and numbers are not made from texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Style = Literal["words", "letters", "digits", "pseudowords", "pattern", "file"]
Count = Annotated[int, Field(ge=1, le=50)]


def _is_none(value: Any) -> bool:
    return value is None


def _is_two(value: Any) -> bool:
    return bool(value == 2)


def _listed(value: Any) -> Any:
    """One text stands for a list of one; a list becomes the tuple that strict types ask for."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class TextPart(Part):
    """What the canaries say. What only some styles need is not stored where it is not set."""

    style: Style = Field(
        "words", description='"words", "letters", "digits", "pseudowords", "pattern" or "file"'
    )
    wordlist: Name = Field(
        "bip39-en",
        description="a packaged list such as bip39-en, bip39-es or german-512, or a file beside the recipe "
        "with a word a line",
    )
    language: str = Field(
        "en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$", description='a language code such as "en"'
    )
    words: tuple[Count, Count] = Field(
        (5, 7),
        description="the least and the most words of a text, 1 to 50, such as [5, 7]; a pattern and a file "
        "have lengths of their own",
    )
    control_style: Literal["sentences", "recipe"] = Field(
        "sentences",
        description='"sentences" (ordinary ones) or "recipe" (random texts like the canaries\')',
    )
    pattern: (
        Annotated[
            tuple[Name, ...],
            BeforeValidator(_listed, json_schema_input_type=Name | tuple[Name, ...]),
            Field(min_length=1),
        ]
        | None
    ) = Field(
        None,
        validate_default=True,
        exclude_if=_is_none,
        description='for style "pattern" a text with slots, or a list of such texts: '
        '"my code is {digit} {letter} {word}"',
    )
    file: Name | None = Field(
        None,
        validate_default=True,
        exclude_if=_is_none,
        description='for style "file" a file with a text a line, or JSON lines with "text"',
    )
    syllables: Annotated[int, Field(ge=1, le=6)] = Field(
        2, exclude_if=_is_two, description="syllables of a pseudoword, 1 to 6"
    )

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every number of words from the least to the most."""
        return tuple(range(self.words[0], self.words[1] + 1))

    @field_validator("words")
    @classmethod
    def _ascending(cls, words: tuple[int, int]) -> tuple[int, int]:
        if words[0] > words[1]:
            raise ValueError("the least is above the most")
        return words

    @field_validator("pattern", "file")
    @classmethod
    def _where_needed(cls, value: Item | None, info: ValidationInfo) -> Item | None:
        style = info.data.get("style")
        if style == info.field_name and value is None:
            raise ValueError(f'the style "{style}" needs one')
        if style not in (info.field_name, None) and value is not None:
            raise ValueError(f'the style "{style}" takes none')
        return value


class SpeechPart(Part):
    """Who says it."""

    engine: str = Field(
        "pyttsx3",
        pattern=_ENGINE,
        description='"pyttsx3" (espeak-ng), "hibari", "command", "recordings" or the name of a plug-in',
    )
    voices: tuple[Name, ...] = Field(
        ("en-us+f2", "en-us+m3"),
        min_length=1,
        description='different voices such as ["en-us+f2", "en-us+m3"]',
    )
    rate: Annotated[int, Field(ge=80, le=450)] | None = Field(None, description="words a minute, 80 to 450")
    sample_rate: Literal[8000, 16000] = Field(16000, description="8000 or 16000")
    command: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        None,
        exclude_if=_is_none,
        description='for engine "command": a command with {out} and {text}, such as "say -o {out} {text}"',
    )
    controls_engine: Annotated[str, Field(pattern=_ENGINE)] | None = Field(
        None,
        exclude_if=_is_none,
        description='who speaks the controls: "auto" (hibari in the place of espeak-ng, where it is '
        "installed and the language is English) or an engine; left out: the same as the canaries",
    )
    controls_voices: Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(
        None,
        exclude_if=_is_none,
        description='different voices of the engine that speaks the controls, such as ["heart"]; left out: '
        "hibari's own, or those of the canaries",
    )

    @field_validator("voices", "controls_voices")
    @classmethod
    def _different(cls, voices: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if voices is None else _no_doubles(voices)


class SpeedPart(Part):
    """How much faster than it was said."""

    method: Method = Field(
        "tempo",
        description='"tempo" (pitch kept), "resample" (pitch up too) or "pitch" (pitch up, length kept)',
    )
    factors: tuple[Factor, ...] = Field(
        (1.0, 2.0, 4.0), min_length=1, description="different numbers from 1 to 10, such as [1.0, 2.0, 4.0]"
    )

    noise_floor_db: Annotated[float, Field(ge=-90, le=-20)] | None = Field(
        None,
        exclude_if=_is_none,
        description="level of white noise under every utterance in dB below full scale, -90 to -20",
    )

    @field_validator("factors")
    @classmethod
    def _different(cls, factors: tuple[float, ...]) -> tuple[float, ...]:
        return _no_doubles(factors)


class DesignPart(Part):
    """The experiment: how many canaries, how often, and who decides which are inserted."""

    repetitions: tuple[Whole, ...] = Field(
        (1, 2, 4, 8, 16), min_length=1, description="different whole numbers from 1, such as [1, 2, 4, 8, 16]"
    )
    pairs_per_cell: Whole = Field(20, description="a whole number from 1 to 10000")
    reserve_per_speed: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None, description="a whole number from 0 to 100000; left out: as many as there are pairs at a speed"
    )
    controls: Annotated[int, Field(ge=0, le=10_000)] = Field(20, description="a whole number from 0 to 10000")
    assignment: Literal["pairs", "coins"] = Field("pairs", description='"pairs" or "coins"')

    @field_validator("repetitions")
    @classmethod
    def _different(cls, repetitions: tuple[int, ...]) -> tuple[int, ...]:
        return _no_doubles(repetitions)

    @property
    def pairs(self) -> int:
        """Pairs at each speed."""
        return self.pairs_per_cell * len(self.repetitions)

    @property
    def reserve(self) -> int:
        """Reserve canaries at each speed."""
        return self.pairs if self.reserve_per_speed is None else self.reserve_per_speed


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FeasibilityPart(Part):
    """What the trainer's pipeline does to audio and text; 0 means that it does not.

    A profile fills in what is left out, so that a kit tells which filters it was made for.
    """

    profile: str | None = Field(
        None, exclude_if=_is_none, description="a toolkit whose defaults hold: " + ", ".join(PROFILES)
    )
    tokenizer: Name | None = Field(
        None,
        exclude_if=_is_none,
        description='"char", a tokenizer.json, or a sentencepiece model; left out: not known',
    )
    frame_shift_ms: Amount = Field(40, description="milliseconds, 0 or more (0: not known)")
    max_chars_per_second: Amount = Field(0, description="a number, 0 or more (0: no such filter)")
    min_seconds: Amount = Field(0.0, description="seconds, 0 or more (0: no such filter)")
    max_seconds: Amount = Field(0.0, description="seconds, 0 or more (0: no such filter)")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        name = given.get("profile") if isinstance(given, dict) else None
        profile = PROFILES.get(name) if isinstance(name, str) else None
        if profile is None:
            return given
        fields = ("frame_shift_ms", "min_seconds", "max_seconds", "tokenizer")
        return {field: getattr(profile, field) for field in fields} | given

    @field_validator("profile")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in PROFILES:
            raise ValueError(unknown_profile(name))
        return name


def _no_doubles(values: tuple[Item, ...]) -> tuple[Item, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a value is there twice")
    return values
