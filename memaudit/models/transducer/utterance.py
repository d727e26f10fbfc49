"""One utterance in a transducer: the steps of a search, and the nodes of the lattice, checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.transducer.graph import Encoded, P, TransducerGraph

# The most scores that one call gives (8 MiB of float32): bounds memory on long audio.
_SCORES = 1 << 21
# The most frames that a search scores ahead of itself.
_AHEAD = 8


class Utterance(Generic[P]):
    """The encoder's output of one utterance, and what was scored of it: a `Predictor`.

    Most frames of an utterance write nothing, so the prediction stays and the next frames can be scored in
    the same call: two at first, then more while it stays.
    """

    def __init__(self, graph: TransducerGraph[P], encoded: Encoded, *, width: int) -> None:
        """Take an utterance.

        Args:
            graph: what follows the encoder.
            encoded: float32 [T, D].
            width: how many scores a node must have, durations included.
        """
        self.graph = graph
        self.encoded = encoded
        self.width = width
        self._prediction: P | None = None
        self._scored: NDArray[np.float32] = np.empty((0, width), np.float32)
        self._first = 0
        self._ahead = 1

    @property
    def frames(self) -> int:
        """T."""
        return len(self.encoded)

    def predict(self, written: Sequence[int], previous: P | None) -> P:
        """See `Predictor.predict`."""
        return self.graph.start() if previous is None else self.graph.after(written, previous)

    def join(self, frame: int, prediction: P) -> NDArray[np.float32]:
        """See `Predictor.join`; `ModelError` if the graphs fail or give another shape."""
        if prediction is not self._prediction:
            self._prediction, self._ahead = prediction, 1
        elif self._first <= frame < self._first + len(self._scored):
            return self._row(frame)
        if not self.graph.quantised:
            self._ahead = min(_AHEAD, 2 * self._ahead)
        self._first = frame
        raw = self.graph.score(self.encoded[frame : frame + self._ahead], prediction)
        self._scored = self._shaped(raw, min(self._ahead, self.frames - frame), 1)[:, 0]
        return self._row(frame)

    def _row(self, frame: int) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self._scored[frame - self._first]
        return row

    def lattice(self, targets: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """The scores of every node, float32 [t, U + 1, V], in blocks of consecutive frames.

        Raises:
            ModelError: if the graphs fail, give another shape, or a score is not finite.
        """
        prediction = self.graph.along(targets)
        rows = len(targets) + 1
        step = max(1, _SCORES // (rows * self.width))
        for start in range(0, self.frames, step):
            encoded = self.encoded[start : start + step]
            scores = self._shaped(self.graph.score(encoded, prediction), len(encoded), rows)
            if not np.isfinite(scores).all():
                raise non_finite(scores, where=self.graph.where)
            yield scores

    def _shaped(self, raw: NDArray[np.floating], frames: int, rows: int) -> NDArray[np.float32]:
        if raw.ndim == 3 and raw.shape[2] != self.width:
            raise wrong_width(raw.shape[2], self.width, where=self.graph.where)
        if raw.shape != (frames, rows, self.width):
            raise ModelError(
                f"the scores of {frames} frames after {rows} texts have the shape {list(raw.shape)}",
                where=self.graph.where,
                how="check [files] and [outputs] of its model.toml",
            )
        return raw.astype(np.float32, copy=False)


def wrong_width(found: int, wanted: int, *, where: str) -> ModelError:
    """What to raise where a node has ``found`` scores and tokens and durations are ``wanted``."""
    return ModelError(
        f"the joiner gives {found} scores, the vocabulary with the blank, and durations, are {wanted}",
        where=where,
        how="give the token file that the model was trained with ('tokens.file', 'decoder.durations')",
    )


def non_finite(scores: NDArray[np.floating], *, where: str) -> ModelError:
    """What to raise where scores are not finite."""
    bad = "NaN" if np.isnan(scores).any() else "infinite values"
    return ModelError(
        f"the joiner's scores have {bad}",
        where=where,
        how="check the checkpoint and [front_end]; export logits or log_softmax rather than log(softmax)",
    )
