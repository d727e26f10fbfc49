"""An encoder/decoder model behind the `Recognizer` interface, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memaudit.models.attention.graph import EncoderDecoder, Heard
from memaudit.models.decoding.attention import attention_loss, greedy_search
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.recognizer import ModelInfo, Recognition, Samples, Trace
from memaudit.models.tokens.subwords import SubwordVocabulary


@dataclass(frozen=True)
class Search:
    """How a transcript is searched for.

    Attributes:
        prompt: the tokens that the decoder starts with, at least one.
        end: the end-of-text token.
        positions: the most tokens that the decoder has positions for, prompt included.
        suppressed: tokens that the search never chooses.
        suppressed_first: tokens that the search does not choose right after the prompt.
    """

    prompt: tuple[int, ...]
    end: int
    positions: int
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()


@dataclass(frozen=True)
class AttentionRecognizer:
    """An encoder/decoder model with attention."""

    info: ModelInfo
    front_end: FrontEnd
    tokens: SubwordVocabulary
    search: Search
    model: EncoderDecoder

    @property
    def sample_rate(self) -> int:
        """The front end's rate in Hz."""
        return self.front_end.sample_rate

    def recognize(self, samples: Samples, reference: str | None = None) -> Recognition:
        """See `Recognizer.recognize`.

        The loss is -log p of the reference's tokens and the end of text, given audio and prompt, under the
        model's unmodified softmax. A reference that the decoder has too few positions for is infeasible.
        """
        targets = None if reference is None else self.tokens.encode(reference)
        heard = self.model.hear(self.front_end(samples))
        transcript = self.tokens.decode(self._searched(heard))
        if targets is None:
            return Recognition(transcript)
        search = self.search
        if len(search.prompt) + len(targets) > search.positions:
            return Recognition(transcript, tokens=len(targets), infeasible=True)
        loss = attention_loss(heard.score, search.prompt, targets, end=search.end)
        return Recognition(transcript, loss=loss, tokens=len(targets))

    def trace(self, samples: Samples) -> Trace:
        """See `Traceable.trace`: the encoder's output."""
        frames = self.model.hear(self.front_end(samples)).frames
        return Trace(frames.shape[0], frames, None)

    def trace_batch(self, batch: Sequence[Samples]) -> list[Trace] | None:
        """See `Traceable.trace_batch`: the encoder's output."""
        together = self.model.hear_together([self.front_end(samples) for samples in batch])
        return None if together is None else [Trace(one.shape[0], one, None) for one in together]

    def _searched(self, heard: Heard) -> tuple[int, ...]:
        search = self.search
        return greedy_search(
            heard.begin(),
            search.prompt,
            end=search.end,
            limit=search.positions,
            suppressed=search.suppressed,
            suppressed_first=search.suppressed_first,
        )
