"""A transducer behind the `Recognizer` interface, whatever its graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.models.decoding.lattice import NonFiniteScoresError, columns
from memaudit.models.decoding.rnnt import greedy_rnnt, rnnt_loss
from memaudit.models.decoding.softmax import log_softmax
from memaudit.models.decoding.tdt import greedy_tdt, tdt_loss
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo, Recognition, Samples, Trace
from memaudit.models.tokens.base import Tokens
from memaudit.models.transducer.encoder import Encoder
from memaudit.models.transducer.graph import Encoded, TransducerGraph
from memaudit.models.transducer.utterance import Utterance, non_finite
from memaudit.models.validation import Table


class TransducerDecoder(Table):
    """[decoder] of a transducer.

    Attributes:
        method: how transcripts are made.
        max_symbols: the most tokens that the search writes on one frame; left out: as the family's project.
        durations: of a token-and-duration transducer, in frames, in the order of their scores.
        context: how many tokens a prediction network without states reads, where its graph leaves it open.
    """

    method: Literal["greedy"] = "greedy"
    max_symbols: int | None = Field(None, ge=1)
    durations: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list)
    context: int | None = Field(None, ge=1)


@dataclass(frozen=True)
class TransducerRecognizer:
    """A transducer: the encoder runs once for transcript and loss."""

    info: ModelInfo
    front_end: FrontEnd
    tokens: Tokens
    blank: int
    encoder: Encoder
    graph: TransducerGraph[Any]
    max_symbols: int
    durations: tuple[int, ...] = ()

    @property
    def sample_rate(self) -> int:
        """The front end's rate in Hz."""
        return self.front_end.sample_rate

    def recognize(self, samples: Samples, reference: str | None = None) -> Recognition:
        """See `Recognizer.recognize`."""
        targets = None if reference is None else self.tokens.encode(reference)
        utterance = self._utterance(self.encoder.encode(self.front_end(samples)))
        transcript = self.tokens.decode(self._greedy(utterance))
        if targets is None:
            return Recognition(transcript)
        loss = self._loss(utterance, targets)
        return Recognition(transcript, loss=loss, tokens=len(targets), infeasible=loss is None)

    def trace(self, samples: Samples) -> Trace:
        """See `Traceable.trace`; the blank is that of a text's start."""
        return self._traced(self.encoder.encode(self.front_end(samples)))

    def trace_batch(self, batch: Sequence[Samples]) -> list[Trace] | None:
        """See `Traceable.trace_batch`; only the encoder runs on the batch."""
        found = self.encoder.encode_batch([self.front_end(samples) for samples in batch])
        return None if found is None else [self._traced(one) for one in found]

    def _utterance(self, encoded: Encoded) -> Utterance[Any]:
        return Utterance(self.graph, encoded, width=self.tokens.size + len(self.durations))

    def _traced(self, encoded: Encoded) -> Trace:
        size = self.tokens.size
        best = [scores[:, 0, :size].argmax(axis=1) for scores in self._utterance(encoded).lattice(())]
        blank = float((np.concatenate(best) == self.blank).mean()) if best else None
        return Trace(len(encoded), encoded, blank)

    def _greedy(self, utterance: Utterance[Any]) -> tuple[int, ...]:
        frames, most = utterance.frames, self.max_symbols
        try:
            if not self.durations:
                return greedy_rnnt(utterance, frames, blank=self.blank, max_symbols=most)
            return greedy_tdt(
                utterance,
                frames,
                blank=self.blank,
                size=self.tokens.size,
                durations=self.durations,
                max_symbols=most,
            )
        except NonFiniteScoresError as error:
            raise non_finite(np.array([error.score]), where=self.graph.where) from error

    def _loss(self, utterance: Utterance[Any], targets: Sequence[int]) -> float | None:
        size, rows = self.tokens.size, len(targets) + 1
        blanks, labels = [np.empty((0, rows))], [np.empty((0, rows - 1))]
        spans: list[NDArray[np.float64]] = [np.empty((0, rows, len(self.durations)))]
        for scores in utterance.lattice(targets):
            blank, label = columns(scores[:, :, :size], targets, self.blank)
            blanks.append(blank)
            labels.append(label)
            if self.durations:
                spans.append(log_softmax(scores[:, :, size:].astype(np.float64), axis=2))
        blank, label = np.concatenate(blanks), np.concatenate(labels)
        if not self.durations:
            return rnnt_loss(blank, label)
        return tdt_loss(blank, label, np.concatenate(spans), self.durations)
