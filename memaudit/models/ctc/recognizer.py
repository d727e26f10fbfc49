"""What CTC recognisers share, whatever runs their graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.decoding.ctc import ctc_loss, greedy_path
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo, Recognition, Samples, Trace
from memaudit.models.tokens.base import Tokens
from memaudit.models.validation import Table

Layout = Literal["time-features", "features-time"]


class CtcInputs(Table):
    """[inputs] of a CTC model.

    Attributes:
        features: name of the input that takes the front end's output.
        length: name of the input that takes its length, in frames or samples.
        layout: order of the features' axes after the batch axis.
    """

    features: str | None = Field(None, min_length=1)
    length: str | None = Field(None, min_length=1)
    layout: Layout | None = None


class CtcOutputs(Table):
    """[outputs] of a CTC model.

    Attributes:
        scores: name of the output with logits or log-probabilities.
        length: name of the output with the number of frames that count.
    """

    scores: str | None = Field(None, min_length=1)
    length: str | None = Field(None, min_length=1)


class CtcDecoder(Table):
    """[decoder] of a CTC model.

    Attributes:
        method: the best token of each frame.
        blank_bias: added to the blank's score in the search for the transcript, never in the loss.
    """

    method: Literal["greedy"] = "greedy"
    blank_bias: float = 0.0


class CtcGraph(Protocol):
    """A graph that has been bound: one utterance in, its scores out."""

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """Run it once.

        Args:
            features: float32 [T, F], or [S] for a waveform.

        Returns:
            The scores as the graph gave them, and the number of frames that count where it says so.

        Raises:
            ModelError: if the graph fails.
        """
        ...

    def batch_scores(
        self, features: Sequence[NDArray[np.float32]]
    ) -> list[tuple[NDArray[Any], int | None]] | None:
        """Run several utterances as one batch, padded with zeros; None where the graph has no lengths."""
        ...


@dataclass(frozen=True)
class CtcRecognizer:
    """A CTC model behind the `Recognizer` interface."""

    info: ModelInfo
    front_end: FrontEnd
    tokens: Tokens
    blank: int
    graph: CtcGraph
    where: str
    blank_bias: float = 0.0

    @property
    def sample_rate(self) -> int:
        """The front end's rate in Hz."""
        return self.front_end.sample_rate

    def log_scores(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [T', V] of one utterance, as the graph gives them: finite, padding cut off.

        Raises:
            AudioError: if the samples cannot be used.
            ModelError: if the graph fails or its output is not finite or has another shape.
        """
        raw, length = self.graph.scores(self.front_end(samples))
        return checked_scores(raw, length, size=self.tokens.size, where=self.where)

    def trace(self, samples: Samples) -> Trace:
        """See `Traceable.trace`."""
        return self._traced(self.log_scores(samples))

    def trace_batch(self, batch: Sequence[Samples]) -> list[Trace] | None:
        """See `Traceable.trace_batch`."""
        found = self.graph.batch_scores([self.front_end(samples) for samples in batch])
        if found is None:
            return None
        scores = [checked_scores(raw, n, size=self.tokens.size, where=self.where) for raw, n in found]
        return [self._traced(one) for one in scores]

    def _biased(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.blank_bias == 0.0:
            return scores
        biased = scores.copy()
        biased[:, self.blank] += np.float32(self.blank_bias)
        return biased

    def _traced(self, scores: NDArray[np.float32]) -> Trace:
        blank = float((scores.argmax(axis=1) == self.blank).mean()) if scores.size else None
        return Trace(scores.shape[0], scores, blank)

    def recognize(self, samples: Samples, reference: str | None = None) -> Recognition:
        """See `Recognizer.recognize`."""
        targets = None if reference is None else self.tokens.encode(reference)
        scores = self.log_scores(samples)
        transcript = self.tokens.decode(greedy_path(self._biased(scores), self.blank))
        if targets is None:
            return Recognition(transcript)
        loss = ctc_loss(scores, targets, self.blank)
        return Recognition(transcript, loss=loss, tokens=len(targets), infeasible=loss is None)


def ctc_blank(tokens: Tokens, *, where: str) -> int:
    """The blank; `ModelError` if the vocabulary has none."""
    if tokens.blank is None:
        raise ModelError("a CTC model needs a blank token", where=where, how="set 'tokens.blank'")
    return tokens.blank


def ctc_decoder_info(tokens: Tokens, decoder: CtcDecoder, *, runtime: str) -> dict[str, Any]:
    """`ModelInfo.decoder` of a CTC model; ``runtime`` is the library that runs it, with its version."""
    return {
        "method": decoder.method,
        "blank_bias": decoder.blank_bias,
        "loss": "ctc-forward",
        "tokens": tokens.describe(),
        "runtime": runtime,
    }


def arranged(features: NDArray[np.float32], layout: Layout | None) -> NDArray[np.float32]:
    """The features with a batch axis of 1: [1, T, F], [1, F, T], or [1, S] of a waveform."""
    if features.ndim == 2 and layout == "features-time":
        features = features.T
    return np.ascontiguousarray(features[np.newaxis])


def checked_scores(raw: NDArray[Any], length: int | None, *, size: int, where: str) -> NDArray[np.float32]:
    """One utterance's scores, float32 [T', V].

    Args:
        raw: [1, T, V] or, time first as torch's CTC loss wants it, [T, 1, V].
        length: how many frames count; None: all.
        size: V of the vocabulary.
        where: the model file.

    Raises:
        ModelError: if the shape is another, V differs, the length is out of range, or a score is not finite.
    """
    if raw.ndim != 3 or 1 not in raw.shape[:2]:
        raise ModelError(
            f"scores of shape {list(raw.shape)} are not [1, frames, tokens]",
            where=where,
            how="set 'outputs.scores' to the output with the logits",
        )
    scores = raw[0] if raw.shape[0] == 1 else raw[:, 0]
    if scores.shape[1] != size:
        raise ModelError(
            f"the model scores {scores.shape[1]} tokens a frame, the vocabulary with the blank has {size}",
            where=where,
            how="give the token file that the model was trained with ('tokens.file', 'tokens.blank')",
        )
    if length is not None:
        if not 0 <= length <= scores.shape[0]:
            raise ModelError(
                f"the output length is {length}, but there are {scores.shape[0]} frames",
                where=where,
                how="set 'outputs.length' to the right output",
            )
        scores = scores[:length]
    scores = scores.astype(np.float32, copy=False)
    if not np.isfinite(scores).all():
        bad = "NaN" if np.isnan(scores).any() else "infinite values"
        raise ModelError(
            f"the model's scores have {bad}",
            where=where,
            how="check the checkpoint and [front_end]; export logits or log_softmax rather than log(softmax)",
        )
    return scores
