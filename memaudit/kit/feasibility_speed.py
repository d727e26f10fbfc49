"""Which speed a pipeline would let pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from memaudit.kit.feasibility_pipeline import ROUNDING, Measured, Pipeline
from memaudit.kit.speed import Method

#: Speeds are named in such steps, rounded to the side that passes.
STEP = 0.05
#: What a recipe allows.
SLOWEST, FASTEST = 1.0, 10.0
#: Below it recognisers read canaries that they never saw, if only the tempo was changed (measured).
HARD_TEMPO = 3.0
#: What is as hard where the pitch goes up as well (measured); the pitch alone is nearly as hard.
HARD_PITCH = 2.0


@dataclass
class PassingSpeeds:
    """The speeds at which no filter drops any of the utterances that were added, all spoken at ``speed``."""

    pipeline: Pipeline
    speed: float
    fastest: float = field(default=math.inf, init=False)
    slowest: float = field(default=0.0, init=False)
    shortest: float = field(default=math.inf, init=False)

    def add(self, utterance: Measured) -> None:
        """One more utterance, as it is at ``speed``."""
        self.shortest = min(self.shortest, utterance.seconds)
        for rule in self.pipeline.rules(utterance):
            # The ratio first: an utterance that is exactly at a limit passes at exactly its own speed.
            most = self.speed * (utterance.seconds / rule.least) if rule.least else math.inf
            self.fastest = min(self.fastest, most)
            self.slowest = max(self.slowest, self.speed * (utterance.seconds / rule.most))

    def nearest(self, method: Method) -> float | None:
        """The fastest speed up to this one, or else the slowest above it; None where none passes.

        Where the length is kept (``pitch``) the speed changes nothing that a filter sees.
        """
        if method == "pitch":
            return self.speed if self.slowest <= self.speed <= self.fastest else None
        lowest = max(SLOWEST, _up(min(self.slowest, 2 * FASTEST)))
        highest = _down(min(self.fastest, FASTEST))
        return None if lowest > highest else max(lowest, min(highest, self.speed))

    def way_out(self, method: Method, dropped_by: str) -> str:
        """What to do about utterances that the rule of that field drops."""
        other = "ask the trainers to lift the filter"
        if dropped_by == "min_seconds":
            times = _up(self.pipeline.part.min_seconds / self.shortest)
            other = f"take texts {times:g} times as long, or {other}"
        found = self.nearest(method)
        if found is None:
            return f"no speed would pass; {other}"
        named = f"speed {found:g} would pass"
        if method == "tempo" and found < HARD_TEMPO:
            method, hard = ("resample", "as hard") if found >= HARD_PITCH else ("pitch", "nearly as hard")
            named += f', but models read that unseen: speed.method = "{method}" is {hard} at {HARD_PITCH:g}'
        return f"{named}; or {other}"


def _down(value: float) -> float:
    return round(math.floor(value / STEP + ROUNDING) * STEP, 2)


def _up(value: float) -> float:
    return round(math.ceil(value / STEP - ROUNDING) * STEP, 2)
