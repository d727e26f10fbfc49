"""Whole audits of a design on paper, for the code that decides gates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memaudit.audit.gates import DEFAULT_POLICY, evaluate
from memaudit.audit.sheet import sheets
from memaudit.audit.utterances import Utterance
from memaudit.kit.recipe_fields import DesignPart
from tests.audit.synthetic import COMMITMENT

Floats = npt.NDArray[np.float64]


def outcomes(
    design: DesignPart, scores: Floats, rng: np.random.Generator, *, memorised: float = 0.0
) -> list[str]:
    """The status of every gate of the default policy in one audit of one speed.

    Every inserted canary is read whole with chance ``memorised``; all others score what ``scores`` says.
    """
    inserted = [level for level in design.repetitions for _ in range(design.pairs_per_cell)]
    read = rng.random(len(inserted)) < memorised
    unread = rng.choice(scores, len(inserted) + design.pairs + design.reserve)
    accuracies = np.where(read, 1.0, unread[: len(inserted)]).tolist() + unread[len(inserted) :].tolist()
    levels = [*inserted, *[0] * (design.pairs + design.reserve)]
    by_speed, _ = sheets(_rows(accuracies, levels), COMMITMENT)
    return [gate.status for gate in evaluate(DEFAULT_POLICY, by_speed)]


def _rows(accuracies: Sequence[float], levels: Sequence[int]) -> list[Utterance]:
    return [
        Utterance(
            id=f"c{number:06d}",
            arm="inserted" if level else "held_out",
            pair=None,
            repetitions=level,
            speed=4.0,
            voice="en-us+f2",
            reference="one two",
            transcript="one two" if accuracy == 1.0 else "a",
            cer=1.0 - accuracy,
            wer=0.0 if accuracy == 1.0 else 1.0,
            accuracy=accuracy,
            exact=accuracy == 1.0,
        )
        for number, (accuracy, level) in enumerate(zip(accuracies, levels, strict=True))
    ]
