"""An imagined recogniser whose memorisation is known exactly, over the design of a recipe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memaudit.audit.text_scores import text_scores
from memaudit.audit.utterances import Utterance, scored
from memaudit.kit.recipe import Recipe
from memaudit.kit.wordlists import wordlist_of

SPEED = 4.0


@dataclass(frozen=True)
class Effect:
    """A true state of a model.

    Attributes:
        name: how the table calls it.
        gaps: repetitions -> true accuracy gap of that level, E[inserted] - E[held out]; 0 where left out.
    """

    name: str
    gaps: dict[int, float]

    @property
    def largest(self) -> float:
        """The largest true gap."""
        return max(self.gaps.values(), default=0.0)


class Imagined:
    """Reads a memorised canary whole and guesses every other one: random words of the same list.

    A canary of a level with the true gap g is memorised with the chance g / (1 - m), where m is the mean
    accuracy of a guess, so that the gap of the means is g. Losses follow: gamma distributed nats for a
    text of which nothing is known, a tenth of them for a memorised one.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.design = recipe.design
        self.words = wordlist_of(recipe)
        rng = np.random.default_rng(20261125)
        pairs = [(self._text(rng), self._text(rng)) for _ in range(20_000)]
        self.guessed = float(np.mean([text_scores(one, other).accuracy for one, other in pairs]))

    def _text(self, rng: np.random.Generator) -> str:
        return " ".join(rng.choice(self.words, int(rng.integers(5, 8))))

    def audit(self, effect: Effect, rng: np.random.Generator) -> list[Utterance]:
        """The utterances of one audit at one speed, with coins, ids and outcomes drawn anew."""
        rows: list[Utterance] = []
        voices = ["en-us+f2", "en-us+m3"]
        for level in self.design.repetitions:
            for number in range(self.design.pairs_per_cell):
                chance = effect.gaps.get(level, 0.0) / (1.0 - self.guessed)
                voice, pair = voices[number % 2], f"p{level}-{number}"
                rows.append(self._row(rng, "inserted", pair, level, voice, rng.random() < chance))
                rows.append(self._row(rng, "held_out", pair, 0, voice, False))
        rows += [
            self._row(rng, "held_out", None, 0, voices[number % 2], False)
            for number in range(self.design.reserve)
        ]
        rows += [self._row(rng, "control", None, 0, voices[0], True) for _ in range(self.design.controls)]
        return rows

    def _row(
        self, rng: np.random.Generator, arm: str, pair: str | None, level: int, voice: str, read: bool
    ) -> Utterance:
        text = self._text(rng)
        return scored(
            id=f"c{rng.integers(1 << 60):015x}",
            arm=arm,
            pair=pair,
            repetitions=level,
            speed=1.0 if arm == "control" else SPEED,
            voice=voice,
            reference=text,
            transcript=text if read else self._text(rng),
            loss=float(rng.gamma(40.0, 0.1 if read else 1.0)),
            tokens=len(text.split()),
        )
