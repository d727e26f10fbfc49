"""The utterances of an audit as columns, sorted by id, for the statistics."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from memaudit.audit.failures import measured
from memaudit.audit.normalise import normalise
from memaudit.audit.text_scores import chance_accuracy
from memaudit.audit.utterances import Utterance
from memaudit.errors import ResultsError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def tie_key(commitment: str, name: str) -> int:
    """A canary's key for breaking ties: nobody can steer it, for the commitment fixes it beforehand."""
    return int.from_bytes(hashlib.sha256(f"{commitment}:{name}".encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Sheet:
    """n canaries of one speed (or n controls), one array a column; row order is by id.

    ``membership`` is what membership statistics sort by: -loss / tokens when every canary has a loss,
    else accuracy. ``stratum`` numbers the (voice, number of words) groups inside which the design drew.
    """

    rows: tuple[Utterance, ...]
    commitment: str
    by_loss: bool = field(default=False)

    @cached_property
    def inserted(self) -> Flags:
        """Which canaries went into the training set."""
        return np.array([row.arm == "inserted" for row in self.rows], dtype=np.bool_)

    @cached_property
    def repetitions(self) -> npt.NDArray[np.int64]:
        """Copies in the training set; 0 for a held-out canary."""
        return np.array([row.repetitions for row in self.rows], dtype=np.int64)

    @cached_property
    def stratum(self) -> npt.NDArray[np.int64]:
        """A number for each (voice, number of words)."""
        names = [(row.voice, row.words) for row in self.rows]
        order = {name: number for number, name in enumerate(sorted(set(names)))}
        return np.array([order[name] for name in names], dtype=np.int64)

    @cached_property
    def accuracy(self) -> Floats:
        """1 - min(1, CER)."""
        return np.array([row.accuracy for row in self.rows], dtype=np.float64)

    @cached_property
    def exact(self) -> Flags:
        """Whether the normalised transcript is the reference."""
        return np.array([row.exact for row in self.rows], dtype=np.bool_)

    @cached_property
    def chance(self) -> Floats:
        """Each transcript's accuracy against other canaries' texts."""
        return chance_accuracy([row.reference for row in self.rows], [row.transcript for row in self.rows])

    @cached_property
    def keys(self) -> npt.NDArray[np.uint64]:
        """Tie-breaking keys from the commitment."""
        return np.array([tie_key(self.commitment, row.id) for row in self.rows], dtype=np.uint64)

    @cached_property
    def membership(self) -> Floats:
        """-loss / tokens (nats a token), or accuracy; higher means more like a member.

        A canary whose reference does not fit its frames has an infinite loss: it takes the lowest finite
        membership, which depends on its text and audio only and so keeps every relabelling equally likely.
        """
        if not self.by_loss:
            return self.accuracy
        scores = np.array([_loss_per_token(row) for row in self.rows], dtype=np.float64)
        finite = scores[np.isfinite(scores)]
        return np.maximum(scores, finite.min() if finite.size else 0.0)

    @cached_property
    def index(self) -> dict[str, int]:
        """id -> row."""
        return {row.id: number for number, row in enumerate(self.rows)}

    def levels(self) -> list[int]:
        """The repetition levels that occur, ascending."""
        return sorted(set(self.repetitions[self.inserted].tolist()))

    def cell(self, repetitions: int) -> Flags:
        """The inserted canaries of one level."""
        chosen: Flags = self.inserted & (self.repetitions == repetitions)
        return chosen

    def pairs(self, repetitions: int | None = None) -> list[tuple[int, int]]:
        """(row of the inserted twin, row of the held-out twin) of each pair, by pair name."""
        if repetitions is None:
            return self._pairs
        return [pair for pair in self._pairs if self.rows[pair[0]].repetitions == repetitions]

    @cached_property
    def _pairs(self) -> list[tuple[int, int]]:
        twins: dict[str, dict[bool, int]] = {}
        for number, row in enumerate(self.rows):
            if row.pair is not None:
                twins.setdefault(row.pair, {})[row.arm == "inserted"] = number
        return [
            (twin[True], twin[False]) for _, twin in sorted(twins.items()) if twin.keys() == {True, False}
        ]


def _loss_per_token(row: Utterance) -> float:
    if row.infeasible or row.loss is None:
        return -np.inf
    return -row.loss / (row.tokens or max(1, len(normalise(row.reference))))


def has_losses(rows: Sequence[Utterance]) -> bool:
    """Whether membership can rest on losses: each canary has one, or has no alignment at all."""
    return all(row.loss is not None or row.infeasible for row in rows) and any(
        row.loss is not None for row in rows
    )


def sheets(utterances: Sequence[Utterance], commitment: str) -> tuple[dict[float, Sheet], Sheet]:
    """One sheet a speed, fastest first, and one of the controls, without what the model failed on.

    Raises:
        ResultsError: if an id occurs twice, or there is no canary in one of the arms at some speed.
    """
    rows = sorted(utterances, key=lambda row: row.id)
    for first, second in itertools.pairwise(rows):
        if first.id == second.id:
            raise ResultsError(f"canary {first.id} was scored twice", how="score each canary once")
    speeds = sorted({row.speed for row in rows if row.arm != "control"}, reverse=True)
    lost = next((row for row in rows if row.failed is not None), None)
    rows = measured(rows)
    canaries = [row for row in rows if row.arm != "control"]
    by_loss = bool(canaries) and has_losses(canaries)
    by_speed: dict[float, Sheet] = {}
    for speed in speeds:
        at_speed = tuple(row for row in canaries if row.speed == speed)
        if {row.arm for row in at_speed} != {"inserted", "held_out"}:
            if lost is not None:
                raise ResultsError(
                    f"at speed {speed:g} the model failed on so many canaries that no two arms are left",
                    where=lost.id,
                    how=f"mend the model first: {lost.failed}",
                )
            raise ResultsError(
                f"speed {speed:g} has canaries in one arm only", how="score the whole kit, both arms"
            )
        by_speed[speed] = Sheet(at_speed, commitment, by_loss)
    if not by_speed:
        raise ResultsError("there are no canaries", how="score the whole kit")
    controls = tuple(row for row in rows if row.arm == "control")
    return by_speed, Sheet(controls, commitment, bool(controls) and has_losses(controls))
