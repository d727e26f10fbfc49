"""What a model that memorised nothing is supposed to score on canaries: the assumption behind every power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist
from scipy.special import betaincinv

from memaudit.audit.normalise import normalise
from memaudit.errors import RecipeError
from memaudit.kit.seeds import stream
from memaudit.kit.speed import Method
from memaudit.kit.text import TextSource

Floats = npt.NDArray[np.float64]

# Speed, mean and standard deviation of the accuracies of a small real recogniser (moonshine tiny) on canaries
# of the recipe `routine`, 115 a speed, tempo changed with the pitch kept.
MEASURED = ((1.0, 0.64, 0.18), (2.0, 0.295, 0.10), (3.0, 0.22, 0.075), (4.0, 0.12, 0.076))
# Texts that are drawn, and how many others each is held against.
TEXTS, OTHERS = 2000, 3


@dataclass(frozen=True, eq=False)
class SupposedScores:
    """Accuracies of canaries that were not memorised: f8[v] in [0, 1], and what they rest on."""

    values: Floats
    basis: str

    @property
    def mean(self) -> float:
        """Expected accuracy."""
        return float(self.values.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation of one canary's accuracy."""
        return float(self.values.std())


def supposed_scores(source: TextSource, speed: float, method: Method) -> SupposedScores:
    """The accuracies that canaries of one speed have with a model that never saw them.

    Where recognisers hear nothing any more, a transcript is a text like any other: each canary then scores
    what another canary's text would. Where they still read something, a beta distribution of the measured
    mean and deviation, between speeds on straight lines.

    Args:
        source: of the canaries' texts.
        speed: their speed factor.
        method: how they are sped up. Resampling is as hard as the tempo at the square of the factor (at 2 as
            at 4, measured), and the pitch alone nearly so.

    Raises:
        RecipeError: if there are no two different texts.
    """
    chance = _chance(source)
    harder = speed if method == "tempo" else speed**2
    speeds, means, deviations = zip(*MEASURED, strict=True)
    mean, deviation = float(np.interp(harder, speeds, means)), float(np.interp(harder, speeds, deviations))
    if harder >= max(speeds) or mean <= chance.mean():
        return SupposedScores(chance, "as one random text against another")
    weight = mean * (1.0 - mean) / deviation**2 - 1.0
    places = (np.arange(TEXTS) + 0.5) / TEXTS
    read = np.asarray(betaincinv(mean * weight, (1.0 - mean) * weight, places), dtype=np.float64)
    return SupposedScores(read, "as a small recogniser read such canaries unseen")


def _chance(source: TextSource) -> Floats:
    """Accuracies of random texts against other random ones, f8[TEXTS * OTHERS] or a little less."""
    drawn = stream(0, "plan")
    lengths = source.lengths
    texts = [normalise(source.draw(drawn, lengths[number % len(lengths)])) for number in range(TEXTS)]
    order = drawn.permutation(TEXTS)
    truths = [texts[place] for place in order] * OTHERS
    heard = [texts[place] for shift in range(1, OTHERS + 1) for place in np.roll(order, shift)]
    edits = cpdist(heard, truths, scorer=Levenshtein.distance)
    if not edits.any():
        raise RecipeError("there are no two different texts", where="text", how="give more to draw from")
    errors = edits / np.array([len(text) for text in truths])
    return np.asarray(1.0 - np.minimum(errors[edits > 0], 1.0), dtype=np.float64)
