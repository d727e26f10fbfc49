"""Moonshine by a plain loop over onnxruntime, written from its graphs' inputs and outputs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.special import log_softmax

Floats = NDArray[np.float32]
START, END = 1, 2
LONGEST = 60


class PlainMoonshine:
    """The recogniser in a folder."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(folder / name, options, providers=["CPUExecutionProvider"])
            for name in ("encoder_model.ort", "decoder_model_merged.ort")
        )

    def search(self, samples: Floats) -> list[int]:
        """The greedy tokens without start and end, one a run, with the keys and values of the runs before."""
        state = self._encode(samples)
        written = [START]
        while len(written) < LONGEST:
            logits, present = self._decode(state, written[-1:], cached=len(written) > 1)
            best = int(logits[-1].argmax())
            if best == END:
                break
            written.append(best)
            for name, value in present.items():
                # Those of the encoder are dummies in all runs but the first.
                if ".decoder." in name or len(written) == 2:
                    state[name.replace("present", "past_key_values")] = value
        return written[1:]

    def loss(self, samples: Floats, tokens: Sequence[int]) -> float:
        """-log p(tokens, end | audio) in nats: one run without a cache, given all tokens but the end."""
        logits, _ = self._decode(self._encode(samples), [START, *tokens], cached=False)
        return _loss(logits, [*tokens, END])

    def loss_by_steps(self, samples: Floats, tokens: Sequence[int]) -> float:
        """The same by a run for each token, given those before it."""
        state, wanted = self._encode(samples), [*tokens, END]
        last = [
            self._decode(state, [START, *wanted[:number]], cached=False)[0][-1]
            for number in range(len(wanted))
        ]
        return _loss(np.stack(last), wanted)

    def _encode(self, samples: Floats) -> dict[str, NDArray[Any]]:
        """What the decoder is given in its first run, besides tokens."""
        mask = np.ones((1, samples.size), dtype=np.int64)
        feeds = {"input_values": samples[None], "attention_mask": mask}
        (encoded,) = self._encoder.run(["last_hidden_state"], feeds)
        names = (node.name for node in self._decoder.get_inputs() if node.name.startswith("past_key_values."))
        empty = {name: np.zeros((1, 8, 0, 36), dtype=np.float32) for name in names}
        return {"encoder_hidden_states": encoded, "encoder_attention_mask": mask, **empty}

    def _decode(
        self, state: Mapping[str, NDArray[Any]], tokens: Sequence[int], *, cached: bool
    ) -> tuple[Floats, dict[str, NDArray[Any]]]:
        """Scores [tokens, V] and what the decoder remembers."""
        feeds = {**state, "input_ids": np.array([tokens]), "use_cache_branch": np.array([cached])}
        names = [node.name for node in self._decoder.get_outputs()]
        found = dict(zip(names, self._decoder.run(names, feeds), strict=True))
        return found.pop("logits")[0], found


def _loss(logits: Floats, tokens: Sequence[int]) -> float:
    log_probabilities = log_softmax(logits.astype(np.float64), axis=-1)
    return -float(log_probabilities[np.arange(len(tokens)), list(tokens)].sum())
