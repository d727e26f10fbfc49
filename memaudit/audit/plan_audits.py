"""Whole audits of a kit on paper: what its canaries score with an imagined model, as sheets for the gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from memaudit.audit.sheet import Sheet
from memaudit.audit.utterances import Utterance
from memaudit.kit.draft import Draft

Floats = npt.NDArray[np.float64]

COMMITMENT = "00" * 32
# Losses that follow from the accuracies differ by this a token at most: so that no two are alike.
APART = 1e-6


@dataclass(frozen=True)
class PaperAudits:
    """Audits of one kit, each with scores of its own.

    An inserted canary is memorised with one chance, independently of the others, and then read perfectly;
    all others score as supposed. Losses rank as the accuracies do, without ties, as those of real models.

    Attributes:
        drafts: canaries by speed, fastest first, no controls.
        scores: by speed f8[v] accuracies of what is not memorised.
    """

    drafts: Mapping[float, Sequence[Draft]]
    scores: Mapping[float, Floats]

    def draw(self, rng: np.random.Generator, memorised: Mapping[float, float]) -> dict[float, Sheet]:
        """One audit.

        Args:
            rng: of its scores.
            memorised: by speed the chance of an inserted canary to be memorised; speeds that are not named
                are left out.
        """
        return {speed: self._sheet(speed, chance, rng) for speed, chance in memorised.items()}

    @cached_property
    def _rows(self) -> dict[float, list[Utterance]]:
        return {
            speed: [_row(draft) for draft in sorted(drafts, key=lambda draft: draft.id)]
            for speed, drafts in self.drafts.items()
        }

    def _sheet(self, speed: float, chance: float, rng: np.random.Generator) -> Sheet:
        rows = self._rows[speed]
        accuracy = rng.choice(self.scores[speed], len(rows))
        member = np.array([row.arm == "inserted" for row in rows]) & (rng.random(len(rows)) < chance)
        accuracy[member] = 1.0
        losses = 1.0 - accuracy + APART * rng.random(len(rows))
        read = zip(rows, accuracy.tolist(), losses.tolist(), strict=True)
        return Sheet(tuple(_read(*scores) for scores in read), COMMITMENT, by_loss=True)


def _row(draft: Draft) -> Utterance:
    """A canary of which nothing was understood."""
    return Utterance(
        id=draft.id,
        arm=draft.lot.arm,
        pair=draft.lot.pair,
        repetitions=draft.lot.repetitions,
        speed=draft.speed,
        voice=draft.voice,
        reference=draft.text,
        transcript="",
        cer=1.0,
        wer=1.0,
        accuracy=0.0,
        exact=False,
        loss=1.0,
        tokens=1,
    )


def _read(row: Utterance, accuracy: float, loss: float) -> Utterance:
    exact = accuracy == 1.0
    return row.model_copy(
        update={
            "accuracy": accuracy,
            "cer": 1.0 - accuracy,
            "wer": 0.0 if exact else 1.0,
            "exact": exact,
            "transcript": row.reference if exact else "",
            "loss": loss,
        }
    )
