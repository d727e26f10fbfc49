"""How right one transcript is: CER, WER, accuracy and exact match.

The rates are jiwer's, counted by rapidfuzz as jiwer has them counted, but without the alignments that jiwer
makes besides, which take far longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from memaudit.audit.normalise import normalise

OTHERS = 5
"""How many other texts each transcript is held against for its chance level."""


@dataclass(frozen=True, slots=True)
class TextScores:
    """Error rates of one transcript; ``accuracy`` is 1 - min(1, CER)."""

    cer: float
    wer: float
    accuracy: float
    exact: bool


def text_scores(reference: str, transcript: str) -> TextScores:
    """Compare a transcript with its reference, both normalised alike.

    Raises:
        ValueError: if the reference is empty once normalised.

    >>> text_scores("Abandon ability", "abandon agility").wer
    0.5
    """
    truth, guess = normalise(reference), normalise(transcript)
    if not truth:
        raise ValueError(f"the reference {reference!r} is empty once normalised")
    if truth == guess:
        return TextScores(0.0, 0.0, 1.0, exact=True)
    if not guess:
        return TextScores(1.0, 1.0, 0.0, exact=False)
    words = truth.split()
    cer = Levenshtein.distance(truth, guess) / len(truth)
    wer = Levenshtein.distance(words, guess.split()) / len(words)
    return TextScores(cer, wer, 1.0 - min(1.0, cer), exact=False)


def chance_accuracy(
    references: Sequence[str], transcripts: Sequence[str], others: int = OTHERS
) -> npt.NDArray[np.float64]:
    """The accuracy that each transcript has against texts that were not spoken.

    Transcript i is held against the texts of utterances i + 1, i + 2, ... (cyclically), so that the
    order of the input decides which: give it in an order that says nothing of the arm, such as by id.

    Args:
        references: n texts.
        transcripts: n transcripts, in the same order.
        others: how many other texts each transcript meets (fewer where there are fewer).

    Returns:
        n mean accuracies in [0, 1]; NaN where there is no other text.
    """
    truths = [normalise(text) for text in references]
    guesses = [normalise(text) for text in transcripts]
    n = len(truths)
    rounds = min(others, n - 1)
    if rounds < 1:
        return np.full(n, np.nan)
    lengths = np.array([len(text) for text in truths], dtype=np.float64)
    total = np.zeros(n)
    for shift in range(1, rounds + 1):
        edits = cpdist(guesses, truths[shift:] + truths[:shift], scorer=Levenshtein.distance)
        total += 1.0 - np.minimum(1.0, edits / np.roll(lengths, -shift))
    return total / rounds
