"""What the audit asks of a recogniser, whatever its family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What one utterance gave.

    Attributes:
        transcript: the greedy transcript, as the model wrote it (not normalised); may be empty.
        loss: -log p(reference | audio) in nats, exact under the model; None without a reference, and
            where the reference is infeasible.
        tokens: how many of the model's tokens the reference has; None without a reference.
        infeasible: True where no alignment of the reference fits into the model's output frames.
    """

    transcript: str
    loss: float | None = None
    tokens: int | None = None
    infeasible: bool = False


@dataclass(frozen=True)
class ModelInfo:
    """What was loaded, for the record: every value can be written as JSON.

    Attributes:
        adapter: the family's name in the registry, such as "onnx-ctc".
        files: (name, sha256) of every file that the outputs depend on.
        front_end: what turns the waveform into the model's input, every option given.
        decoder: how transcript and loss are made: method, tokens, blank.
        inferred: what the files did not say and was found out, a sentence each.
        warnings: what makes the figures less sure, a sentence each.
    """

    adapter: str
    files: tuple[tuple[str, str], ...]
    front_end: Mapping[str, Any] = field(default_factory=dict)
    decoder: Mapping[str, Any] = field(default_factory=dict)
    inferred: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@runtime_checkable
class Recognizer(Protocol):
    """A loaded recogniser. One object serves one process; it keeps no state between utterances."""

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate in Hz that `recognize` takes its samples at."""
        ...

    def recognize(self, samples: Samples, reference: str | None = None) -> Recognition:
        """Transcribe one utterance and, where a reference is given, measure its loss.

        The encoder runs once for both.

        Args:
            samples: float32 [S], mono, at `sample_rate`, full scale 1.
            reference: the text that the utterance speaks.

        Raises:
            AudioError: if the samples are empty, too short for a frame, or not finite.
            TokenError: if the reference cannot be written in the model's tokens.
            ModelError: if the model fails on this input or gives something other than its description says.
        """
        ...


@runtime_checkable
class BatchRecognizer(Protocol):
    """A recogniser that is given many utterances at once: a function of the user's, another program.

    Attributes are those of `Recognizer`.
    """

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate in Hz that `recognize_batch` takes its samples at."""
        ...

    @property
    def batch_size(self) -> int | None:
        """How many utterances to give at once; None: all of them."""
        ...

    def recognize_batch(
        self, samples: Sequence[Samples], references: Sequence[str | None]
    ) -> list[Recognition]:
        """Transcribe the utterances, and measure the losses of their references where it can.

        Args:
            samples: N times float32 [S], mono, at `sample_rate`, full scale 1.
            references: N texts.

        Raises:
            ModelError: if it fails, or gives something other than N results.
        """
        ...


@dataclass(frozen=True)
class Trace:
    """What a model computed for one audio, for the checks of how it was loaded.

    Attributes:
        frames: output frames: what the decoder sees of the audio.
        values: float32 [frames, D]: the scores of a CTC model, the encoder's output of another.
        blank: share of the frames whose best token is the blank; None where the family has none.
    """

    frames: int
    values: NDArray[np.float32]
    blank: float | None


@runtime_checkable
class Traceable(Protocol):
    """A recogniser whose computation can be looked at: every built-in family."""

    def trace(self, samples: Samples) -> Trace:
        """Run one audio; raises as `Recognizer.recognize` does."""
        ...

    def trace_batch(self, batch: Sequence[Samples]) -> list[Trace] | None:
        """Run several as one padded batch; None where the graph takes one at a time."""
        ...
