"""WeNet's attention decoder behind the `Recognizer` interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.decoding.attention import Logits, Score, attention_loss, greedy_search
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo, Recognition, Samples, Trace
from memaudit.models.tokens.base import Tokens
from memaudit.models.torchscript.run import float_array
from memaudit.models.torchscript.wenet import WenetModel

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class WenetAttention:
    """A model whose attention decoder makes transcripts and losses, from left to right.

    Attributes:
        start: the token that the decoder starts with.
        end: the token that ends a text.
    """

    info: ModelInfo
    front_end: FrontEnd
    tokens: Tokens
    model: WenetModel
    start: int
    end: int

    @property
    def sample_rate(self) -> int:
        """The front end's rate in Hz."""
        return self.front_end.sample_rate

    def recognize(self, samples: Samples, reference: str | None = None) -> Recognition:
        """See `Recognizer.recognize`; the search writes no more tokens than there are frames, as WeNet's."""
        targets = None if reference is None else self.tokens.encode(reference)
        encoded = self.model.encode(self.front_end(samples))
        prompt = (self.start,)
        limit = len(prompt) + encoded.shape[1]
        found = greedy_search(self._extending(encoded), prompt, end=self.end, limit=limit)
        transcript = self.tokens.decode(found)
        if targets is None:
            return Recognition(transcript)
        loss = attention_loss(lambda given: self._scores(encoded, given), prompt, targets, end=self.end)
        return Recognition(transcript, loss=loss, tokens=len(targets))

    def trace(self, samples: Samples) -> Trace:
        """See `Traceable.trace`: the encoder's output."""
        frames = float_array(self.model.encode(self.front_end(samples))[0])
        return Trace(frames.shape[0], frames, None)

    def trace_batch(self, batch: Sequence[Samples]) -> None:
        """None: WeNet's runtime gives it one utterance at a time; see `Traceable.trace_batch`."""

    def probed(self) -> WenetAttention:
        """This, with what a second of faint noise showed added to its info.

        Raises:
            ModelError: if the model fails on the noise, so that it would fail on every utterance.
        """
        noise = np.random.default_rng(0).normal(0.0, 1e-3, self.sample_rate).astype(np.float32)
        features = self.front_end(noise)
        first, second = (self.model.encode(features) for _ in range(2))
        one, other = (self._scores(encoded, (self.start,)) for encoded in (first, second))
        told = f"a second of audio gives {first.shape[1]} encoder frames"
        warnings = self.info.warnings
        if not np.array_equal(one, other):
            warnings += ("two runs on the same audio differ: losses are random, as if dropout were on",)
        info = replace(self.info, inferred=(*self.info.inferred, told), warnings=warnings)
        return replace(self, info=info)

    def _extending(self, encoded: torch.Tensor) -> Score:
        """What `greedy_search` calls; the decoder keeps no state, so all tokens are given again."""
        so_far: list[int] = []

        def extend(given: Sequence[int]) -> Logits:
            so_far.extend(given)
            return self._scores(encoded, so_far)

        return extend

    def _scores(self, encoded: torch.Tensor, tokens: Sequence[int]) -> NDArray[np.float32]:
        where = self.model.where
        scores = self.model.attend(encoded, tokens)
        if scores.shape != (len(tokens), self.tokens.size):
            raise ModelError(
                f"the decoder scores {list(scores.shape)}, not [{len(tokens)}, {self.tokens.size}] tokens",
                where=where,
                how="give the token file that the model was trained with ('tokens.file')",
            )
        if not np.isfinite(scores).all():
            bad = "NaN" if np.isnan(scores).any() else "infinite values"
            raise ModelError(
                f"the decoder's scores have {bad}", where=where, how="check the checkpoint and [front_end]"
            )
        return scores
