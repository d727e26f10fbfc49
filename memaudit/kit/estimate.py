"""How long a kit's audio will be, before any is made."""

from __future__ import annotations

import numpy as np

from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import stream
from memaudit.kit.text import TextSource

#: Seconds that espeak-ng takes for a character at 175 words a minute: measured in eleven languages, which lie
#: between 0.056 (French) and 0.078 (Polish). Other speakers differ.
SECONDS_PER_CHARACTER = 0.067
#: Seconds more for a comma, as between letters that are spelled.
SECONDS_PER_COMMA = 0.4
#: Texts that are drawn to know their mean length.
SAMPLE = 200


def seconds_a_canary(recipe: Recipe, source: TextSource) -> float:
    """The mean duration of a canary at speed 1, within about a quarter.

    Args:
        recipe: of the kit.
        source: of the recipe's style.
    """
    drawn = stream(0, "estimate")
    lengths = [source.lengths[number % len(source.lengths)] for number in range(SAMPLE)]
    texts = [source.draw(drawn, words) for words in lengths]
    characters = np.mean([len(text) for text in texts])
    commas = np.mean([source.spoken(text).count(",") for text in texts])
    pace = (recipe.speech.rate or DEFAULT_RATE) / DEFAULT_RATE
    return float(characters * SECONDS_PER_CHARACTER + commas * SECONDS_PER_COMMA) / pace


def copies_seconds(recipe: Recipe, source: TextSource) -> float:
    """About how much audio the training set grows by: every copy at every speed."""
    copies = sum(recipe.design.repetitions) * recipe.design.pairs_per_cell
    kept = recipe.speed.method == "pitch"
    return seconds_a_canary(recipe, source) * copies * sum(1 if kept else 1 / f for f in recipe.speed.factors)
