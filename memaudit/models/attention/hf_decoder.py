"""A decoder as optimum exports it: token ids, the encoder's output and a cache of keys and values in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from memaudit.errors import ModelError
from memaudit.models.attention.graph import checked_logits
from memaudit.models.decoding.attention import Logits
from memaudit.models.ort.binding import Node, listed, nodes
from memaudit.models.ort.session import run_session

Cache = Mapping[str, NDArray[Any]]

_PAST = re.compile(r"past_key_values\.(\d+\.(?:decoder|encoder)\.(?:key|value))")
_PRESENT = re.compile(r"present\.(\d+\.(?:decoder|encoder)\.(?:key|value))")
_KNOWN = (
    "input_ids",
    "encoder_hidden_states",
    "encoder_attention_mask",
    "decoder_attention_mask",
    "cache_position",
    "position_ids",
    "use_cache_branch",
)


@dataclass(frozen=True)
class HfDecoder:
    """A decoder whose inputs have been bound by their names, which optimum fixes.

    Attributes:
        session: the graph.
        where: its file.
        inputs: name -> input, of those in `_KNOWN` that the graph has.
        past: key such as "0.decoder.key" -> input of the cache.
        present: key -> name of the output with the new cache.
        scored: V where the graph fixes it.
    """

    session: onnxruntime.InferenceSession = field(repr=False)
    where: str
    inputs: Mapping[str, Node]
    past: Mapping[str, Node]
    present: Mapping[str, str]
    scored: int | None

    @property
    def branches(self) -> bool:
        """Whether it is merged: one graph for the first call and for those with a cache."""
        return "use_cache_branch" in self.inputs

    def heard(self, hidden: NDArray[np.float32], length: int) -> Cache:
        """The inputs that stay the same for one utterance, by name.

        Args:
            hidden: the encoder's output [1, T', D].
            length: how long the encoder's input was: the decoder's mask over it is of that length.
        """
        values: dict[str, NDArray[Any]] = {
            "encoder_hidden_states": hidden,
            "encoder_attention_mask": np.ones((1, length)),
        }
        return {
            name: _typed(value, self.inputs[name]) for name, value in values.items() if name in self.inputs
        }

    def run(
        self,
        tokens: Sequence[int],
        heard: Cache,
        *,
        past: Cache | None = None,
        start: int = 0,
        wanted: Sequence[str] = (),
    ) -> tuple[Logits, dict[str, NDArray[Any]]]:
        """Run it once.

        Args:
            tokens: U tokens.
            heard: what `heard` gave for the utterance.
            past: the cache; None on the first call.
            start: the position of the first token.
            wanted: keys of the cache to be given back.

        Returns:
            Logits [U, V], and the wanted part of the new cache.

        Raises:
            ModelError: if the graph fails, or gives no finite [1, U, V].
        """
        feeds = dict(heard)
        for name, node in self.inputs.items():
            if name not in heard:
                feeds[name] = _typed(_step_value(name, tokens, start, cached=past is not None), node)
        for key, node in self.past.items():
            feeds[node.name] = _empty(node) if past is None else past[key]
        names = ["logits", *(self.present[key] for key in wanted)]
        logits, *cache = run_session(self.session, names, feeds, where=self.where)
        return checked_logits(logits, len(tokens), where=self.where), dict(zip(wanted, cache, strict=True))


def bound_decoder(session: onnxruntime.InferenceSession, *, where: str) -> HfDecoder:
    """Bind a decoder.

    Raises:
        ModelError: if it has no input_ids or logits, or an input that is not known.
    """
    given, results = nodes(session.get_inputs(), where=where), nodes(session.get_outputs(), where=where)
    inputs = {node.name: node for node in given if node.name in _KNOWN}
    past = {match[1]: node for node in given if (match := _PAST.fullmatch(node.name))}
    present = {match[1]: node.name for node in results if (match := _PRESENT.fullmatch(node.name))}
    other = [node for node in given if node.name not in inputs and node not in past.values()]
    if "input_ids" not in inputs or other or all(node.name != "logits" for node in results):
        raise ModelError(
            f"is no decoder as optimum exports it: {listed(given)} -> {', '.join(n.name for n in results)}",
            where=where,
            how="it must take input_ids and give logits; export with optimum, or choose another adapter",
        )
    (logits,) = (node for node in results if node.name == "logits")
    return HfDecoder(session, where, inputs, past, present, logits.shape[-1] if logits.shape else None)


def _step_value(name: str, tokens: Sequence[int], start: int, *, cached: bool) -> NDArray[Any]:
    """What an input of `_KNOWN` that is not the same for a whole utterance takes."""
    end = start + len(tokens)
    match name:
        case "input_ids":
            return np.array([tokens])
        case "use_cache_branch":
            return np.array([cached])
        case "decoder_attention_mask":
            return np.ones((1, end))
        case "position_ids":
            return np.arange(start, end)[np.newaxis]
        case _:
            return np.arange(start, end)


def _typed(value: NDArray[Any], node: Node) -> NDArray[Any]:
    """``value`` as the input wants it: its element type (a bool has none here), its rank, contiguous."""
    dtype = np.dtype(bool) if node.dtype is None else np.dtype(node.dtype)
    return np.ascontiguousarray(value, dtype=dtype)


def _empty(node: Node) -> NDArray[Any]:
    """A cache for the first call, whose values are not looked at: [1, heads, 1, size of a head]."""
    shape = [1 if axis is None else axis for axis in node.shape]
    return np.zeros([1, *shape[1:]], dtype=node.dtype or np.float32)
