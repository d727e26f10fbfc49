"""The guesses of the one-run epsilon bound: one for each pair, fixed before any score is seen."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.audit.sheet import Flags, Sheet
from memaudit.stats.epsilon import one_run_epsilon


@dataclass(frozen=True, slots=True)
class OneRunBound:
    """A lower bound on epsilon, and the guesses that it rests on.

    ``ceiling`` is the bound that the same number of guesses would give if all were right.
    """

    epsilon: float
    guesses: int
    correct: int
    ceiling: float


def count_correct(sheet: Sheet, pairs: list[tuple[int, int]]) -> int:
    """How often the twin with the higher membership is the inserted one; ties go by the commitment's keys."""
    scores, keys = sheet.membership, sheet.keys
    return sum((scores[one], keys[one]) > (scores[other], keys[other]) for one, other in pairs)


def one_run_bound(sheet: Sheet, inserted: Flags, confidence: float) -> OneRunBound | None:
    """The bound from the pairs whose inserted twin is among ``inserted``; None where there is no pair.

    Every pair is guessed, so the number of guesses was fixed when the kit was made (Steinke, Nasr and
    Jagielski 2023, with one fair coin a pair: the adjacency is replace-one).
    """
    pairs = [pair for pair in sheet.pairs() if inserted[pair[0]]]
    if not pairs:
        return None
    correct = count_correct(sheet, pairs)
    return OneRunBound(
        one_run_epsilon(len(pairs), correct, confidence),
        len(pairs),
        correct,
        one_run_epsilon(len(pairs), len(pairs), confidence),
    )
