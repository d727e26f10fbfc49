"""A CTC graph in onnxruntime: what its inputs and outputs are for, and one run of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.ctc.recognizer import CtcInputs, CtcOutputs, Layout, arranged
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.ort.binding import Node, listed, nodes, pick
from memaudit.models.ort.session import run_session

# Names that decide only where type and shape leave a choice.
_FEATURES = ("x", "feats", "features", "audio_signal", "input_features", "input_values", "waveform", "speech")
_LENGTH = ("x_lens", "length", "lengths", "feature_lengths", "input_lengths", "waveform_lengths")
_SCORES = ("logits", "log_probs", "logprobs", "log_probabilities")
_OUT_LENGTH = ("log_probs_len", "log_probs_lens", "out_lengths", "output_lengths", "encoded_lengths")


@dataclass(frozen=True)
class OnnxCtcGraph:
    """A graph whose inputs and outputs have been bound."""

    session: onnxruntime.InferenceSession
    where: str
    features: Node
    layout: Layout | None
    length: Node | None
    outputs: tuple[str, ...]

    def scores(self, features: NDArray[np.float32]) -> tuple[NDArray[Any], int | None]:
        """See `CtcGraph.scores`."""
        feeds: dict[str, NDArray[Any]] = {
            self.features.name: arranged(features, self.layout).astype(self.features.dtype, copy=False)
        }
        if self.length is not None:
            shape = (1,) * len(self.length.shape)
            feeds[self.length.name] = np.full(shape, features.shape[0], self.length.dtype)
        results = run_session(self.session, self.outputs, feeds, where=self.where)
        if len(results) == 1:
            return results[0], None
        if results[1].size != 1:
            raise ModelError(
                f"the output length has shape {list(results[1].shape)}, not [1]",
                where=self.where,
                how="set 'outputs.length' to the right output",
            )
        return results[0], int(results[1].reshape(-1)[0])

    def batch_scores(
        self, features: Sequence[NDArray[np.float32]]
    ) -> list[tuple[NDArray[Any], int | None]] | None:
        """See `CtcGraph.batch_scores`."""
        if self.length is None or len(self.length.shape) != 1 or self.length.shape[0] == 1:
            return None
        if self.features.shape and self.features.shape[0] == 1:
            return None
        lengths = [one.shape[0] for one in features]
        longest = max(lengths)
        padded = [
            arranged(np.pad(one, [(0, longest - one.shape[0]), *[(0, 0)] * (one.ndim - 1)]), self.layout)
            for one in features
        ]
        feeds: dict[str, NDArray[Any]] = {
            self.features.name: np.concatenate(padded).astype(self.features.dtype, copy=False),
            self.length.name: np.array(lengths, self.length.dtype),
        }
        results = run_session(self.session, self.outputs, feeds, where=self.where)
        raw, counts = results[0], results[1].reshape(-1) if len(results) > 1 else None
        if raw.shape[0] != len(features):  # time first
            return None
        return [(raw[i : i + 1], None if counts is None else int(counts[i])) for i in range(len(features))]

    def told(self) -> tuple[str, ...]:
        """What was inferred, a sentence each."""
        told = [f"input {self.features.text} takes the front end's output"]
        if self.layout is not None:
            told.append(f"its axes are batch, {self.layout.replace('-', ', ')}")
        if self.length is not None:
            told.append(f"input {self.length.text} takes its length")
        told.append(f"output {self.outputs[0]} has the scores")
        told.append(
            f"output {self.outputs[1]} has their length"
            if len(self.outputs) > 1
            else "every output frame counts"
        )
        return tuple(told)


def bound(
    session: onnxruntime.InferenceSession,
    inputs: CtcInputs,
    outputs: CtcOutputs,
    front_end: FrontEnd,
    *,
    where: str,
) -> OnnxCtcGraph:
    """Find the features, their length, the scores and theirs among the graph's inputs and outputs.

    Raises:
        ModelError: if one is missing or ambiguous, an input is left over, or a fixed axis does not fit.
    """
    taken, given = (nodes(found, where=where) for found in (session.get_inputs(), session.get_outputs()))
    rank = 2 if front_end.num_features is None else 3
    features = pick(
        taken,
        key="inputs.features",
        named=inputs.features,
        fits=lambda node: node.is_float and len(node.shape) in (rank, 0),
        usual=_FEATURES,
        where=where,
    )
    if features is None or not features.is_float or len(features.shape) not in (rank, 0):
        wanted = "a waveform [1, samples]" if rank == 2 else "features [1, frames, features]"
        raise ModelError(
            f"no input takes {wanted} of floats, which the front end gives",
            where=where,
            how=f"its inputs are: {listed(taken)}; check 'front_end.kind' and 'inputs.features'",
        )
    length = pick(
        taken,
        key="inputs.length",
        named=inputs.length,
        fits=lambda node: node.is_integer and len(node.shape) <= 1,
        usual=_LENGTH,
        where=where,
    )
    _integers("inputs.length", length, where=where)
    unbound = [node for node in taken if node not in (features, length)]
    if unbound:
        raise ModelError(
            f"inputs with no use for a single CTC graph: {listed(unbound)}",
            where=where,
            how="export the model as one graph, or set 'family' to what it is",
        )
    scores = pick(
        given,
        key="outputs.scores",
        named=outputs.scores,
        fits=lambda node: node.is_float and len(node.shape) in (3, 0),
        usual=_SCORES,
        where=where,
    )
    if scores is None:
        raise ModelError(
            "no output has scores [1, frames, tokens]", where=where, how=f"its outputs are: {listed(given)}"
        )
    out_length = pick(
        given,
        key="outputs.length",
        named=outputs.length,
        fits=lambda node: node.is_integer and len(node.shape) <= 1,
        usual=_OUT_LENGTH,
        where=where,
    )
    _integers("outputs.length", out_length, where=where)
    names = (scores.name,) if out_length is None else (scores.name, out_length.name)
    layout = _layout(features, inputs.layout, front_end, where=where)
    return OnnxCtcGraph(session, where, features, layout, length, names)


def _integers(key: str, node: Node | None, *, where: str) -> None:
    if node is not None and not node.is_integer:
        raise ModelError(
            f"'{key}' names {node.text}, which is not of integers",
            where=where,
            how="a length is a whole number",
        )


def _layout(node: Node, named: Layout | None, front_end: FrontEnd, *, where: str) -> Layout | None:
    if node.shape and node.shape[0] not in (None, 1):
        raise ModelError(
            f"'{node.name}' takes batches of {node.shape[0]} only",
            where=where,
            how="export with batch 1 or any",
        )
    size = front_end.num_features
    if size is None:
        time: int | None = node.shape[1] if node.shape else None
        layout: Layout | None = None
    else:
        first, last = node.shape[1:] if node.shape else (None, None)
        turned = first is not None and (last is None or (first == size and last != size))
        layout = named or ("features-time" if turned else "time-features")
        time, features = (first, last) if layout == "time-features" else (last, first)
        if features not in (None, size):
            raise ModelError(
                f"'{node.name}' takes {features} features a frame, but the front end gives {size}",
                where=where,
                how="set [front_end] to what the model was trained with; 'inputs.layout' turns the axes",
            )
    if time is not None:
        raise ModelError(
            f"'{node.name}' takes a fixed length of {time}", where=where, how="export with a free time axis"
        )
    return layout
