"""What a trainer's pipeline does to one utterance: its frames, and the filters that would drop it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from memaudit.kit.feasibility_tokens import TokenCount
from memaudit.kit.profiles import PROFILES, Profile
from memaudit.kit.recipe_fields import FeasibilityPart

MILLISECONDS = 1000.0
# Durations are whole samples, limits are decimal fractions: neither may lose to rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Measured:
    """One utterance as a pipeline sees it: seconds of audio, characters and tokens of its text."""

    seconds: float
    characters: int
    count: TokenCount

    @property
    def frames_needed(self) -> int:
        """Encoder frames without which CTC has no alignment: one a token, one between equal neighbours.

        Graves, Fernandez, Gomez and Schmidhuber, Connectionist Temporal Classification (ICML 2006).
        """
        return self.count.tokens + self.count.repeats


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to drop an utterance: the recipe's field, and the least and the most seconds that pass."""

    field: str
    least: float = 0.0
    most: float = math.inf

    def drops(self, seconds: float) -> bool:
        """Whether an utterance of that many seconds is dropped."""
        return seconds < self.least - ROUNDING or seconds > self.most + ROUNDING


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The filters and frames of one pipeline, from a recipe's ``[feasibility]`` table."""

    part: FeasibilityPart

    @property
    def profile(self) -> Profile | None:
        """The toolkit whose defaults fill in what the table leaves out."""
        return None if self.part.profile is None else PROFILES[self.part.profile]

    @property
    def offset_ms(self) -> float:
        """Milliseconds that count in addition, where frames are those of the profile."""
        profile = self.profile
        if profile is None or profile.frame_shift_ms != self.part.frame_shift_ms:
            return 0.0
        return profile.frame_offset_ms

    @property
    def tokens_known(self) -> bool:
        """Whether the table names the tokens; else characters stand in, about the most there can be."""
        return self.part.tokenizer is not None

    def frames(self, seconds: float) -> int:
        """Encoder frames of so much audio; 0 frames a second stand for a shift that is not known."""
        if not self.part.frame_shift_ms:
            return 0
        frames = (seconds * MILLISECONDS + self.offset_ms) / self.part.frame_shift_ms
        return max(0, math.floor(frames + ROUNDING))

    def seconds_of(self, frames: int) -> float:
        """The shortest audio with so many frames."""
        return max(0.0, (frames * self.part.frame_shift_ms - self.offset_ms) / MILLISECONDS)

    def fits(self, utterance: Measured) -> bool:
        """Whether CTC has an alignment; True where the frame shift is not known."""
        return not self.part.frame_shift_ms or self.frames(utterance.seconds) >= utterance.frames_needed

    def rules(self, utterance: Measured) -> Iterator[Rule]:
        """Every filter, as limits on the seconds of this utterance."""
        part, profile = self.part, self.profile
        if part.min_seconds:
            yield Rule("min_seconds", least=part.min_seconds)
        if part.max_seconds:
            yield Rule("max_seconds", most=part.max_seconds)
        if part.max_chars_per_second:
            yield Rule("max_chars_per_second", least=utterance.characters / part.max_chars_per_second)
        if profile is None or not self.tokens_known:
            return
        if profile.max_tokens_per_second:
            yield Rule("profile", least=utterance.count.tokens / profile.max_tokens_per_second)
        if part.frame_shift_ms and profile.misfit != "partly":
            dropped = profile.misfit == "dropped"
            yield Rule(
                "tokenizer",
                least=self.seconds_of(utterance.count.tokens if dropped else utterance.frames_needed),
            )
