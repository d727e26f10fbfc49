"""The encoder of a transducer: features in, [T, D] out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.ctc.onnx_graph import OnnxCtcGraph, bound
from memaudit.models.ctc.recognizer import CtcInputs, CtcOutputs
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.transducer.graph import Encoded
from memaudit.models.validation import Table

Layout = Literal["time-features", "features-time"]


class EncoderOutputs(Table):
    """[outputs] of a transducer's encoder.

    Attributes:
        encoded: name of the output with the encoded frames.
        length: name of the output with the number of frames that count.
        layout: order of the encoded frames' axes after the batch axis; left out: as the family's.
    """

    encoded: str | None = Field(None, min_length=1)
    length: str | None = Field(None, min_length=1)
    layout: Layout | None = None


@dataclass(frozen=True)
class Encoder:
    """An encoder whose inputs and outputs have been bound; they are of the same kinds as a CTC graph's."""

    graph: OnnxCtcGraph
    layout: Layout

    def encode(self, features: NDArray[np.float32]) -> Encoded:
        """float32 [T, D] of one utterance: finite, padding cut off.

        Args:
            features: float32 [frames, F], or [S] for a waveform.

        Raises:
            ModelError: if the graph fails, or gives another shape or values that are not finite.
        """
        return self._checked(*self.graph.scores(features))

    def encode_batch(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded] | None:
        """The same of several utterances padded into one run; None where the graph has no lengths."""
        found = self.graph.batch_scores(features)
        return None if found is None else [self._checked(*one) for one in found]

    def told(self) -> tuple[str, ...]:
        """What was inferred, a sentence each."""
        features, length = self.graph.features, self.graph.length
        told = [f"input {features.text} takes the front end's output"]
        if length is not None:
            told.append(f"input {length.text} takes its length")
        axes = self.layout.replace("-", ", ")
        told.append(f"output {self.graph.outputs[0]} has the encoded frames, axes batch, {axes}")
        return tuple(told)

    def _checked(self, raw: NDArray[Any], length: int | None) -> Encoded:
        where = self.graph.where
        if raw.ndim != 3 or raw.shape[0] != 1:
            raise ModelError(
                f"the encoder's output has the shape {list(raw.shape)}, not [1, frames, size]",
                where=where,
                how="set 'outputs.encoded' to the output with the encoded frames",
            )
        encoded = raw[0] if self.layout == "time-features" else raw[0].T
        if length is not None:
            if not 0 <= length <= encoded.shape[0]:
                raise ModelError(
                    f"the encoder's output length is {length}, but there are {encoded.shape[0]} frames",
                    where=where,
                    how="set 'outputs.length' and 'outputs.layout' to what the encoder gives",
                )
            encoded = encoded[:length]
        encoded = np.ascontiguousarray(encoded, np.float32)
        if not np.isfinite(encoded).all():
            bad = "NaN" if np.isnan(encoded).any() else "infinite values"
            raise ModelError(
                f"the encoder's output has {bad}", where=where, how="check the checkpoint and [front_end]"
            )
        return encoded


def bound_encoder(
    session: onnxruntime.InferenceSession,
    path: Path,
    *,
    inputs: CtcInputs,
    outputs: EncoderOutputs,
    layout: Layout,
    front_end: FrontEnd,
) -> Encoder:
    """Bind an encoder.

    Args:
        session: the graph.
        path: its file.
        inputs: names that the user gave.
        outputs: likewise.
        layout: what the family's encoders give.
        front_end: what the encoder is fed with.

    Raises:
        ModelError: if an input or output is missing, ambiguous or left over, or does not fit the front end.
    """
    named = CtcOutputs(scores=outputs.encoded, length=outputs.length)
    graph = bound(session, inputs, named, front_end, where=str(path))
    return Encoder(graph, outputs.layout or layout)
