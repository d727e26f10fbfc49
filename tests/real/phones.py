"""English words in hama's phones, as its own letters-to-phones model writes them.

The two graphs come from hama's wheel, beside the recogniser, and share its inventory of phones: so no table
between two inventories stands between what was said and what was heard. A word's letters go through the
encoder; the decoder then gives the most probable phone, one after the other.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from rapidfuzz.distance import Levenshtein

LONGEST_WORD = 128
MOST_PHONES = 32
BETWEEN_WORDS = "|"


class Phones:
    """The model in a folder with its two graphs and their vocabulary."""

    def __init__(self, folder: Path) -> None:
        vocabulary = json.loads((folder / "g2p_vocab.json").read_text(encoding="utf-8"))
        self._letters = {symbol: number for number, symbol in enumerate(vocabulary["encoder"])}
        self._phones: list[str] = vocabulary["decoder"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(folder / name, options, providers=["CPUExecutionProvider"])
            for name in ("encoder.onnx", "decoder_step.onnx")
        )
        self._word = cache(self._spelled)

    def text(self, text: str) -> str:
        """Its phones, a space apart, words parted by ``|``."""
        return f" {BETWEEN_WORDS} ".join(" ".join(self._word(word)) for word in text.split())

    def _spelled(self, word: str) -> tuple[str, ...]:
        ids = np.full((1, LONGEST_WORD), self._letters["<pad>"], dtype=np.int64)
        ids[0, : len(word)] = [self._letters[letter] for letter in word]
        encoded = self._encoder.run(None, {"input_ids": ids, "input_lengths": np.array([len(word)])})
        names = [output.name for output in self._encoder.get_outputs()]
        state = dict(zip(names, encoded, strict=True))
        state["positions"] = np.arange(state["encoder_outputs"].shape[1], dtype=np.float32)[None]
        found: list[str] = []
        last = self._phones.index("<sos>")
        for _ in range(MOST_PHONES):
            feeds = {node.name: state.get(node.name) for node in self._decoder.get_inputs()}
            feeds["decoder_input_ids"] = np.array([[last]])
            token, state["hidden"], state["prev_attn"], _ = self._decoder.run(None, feeds)
            last = int(token[0])
            if self._phones[last] == "<eos>":
                break
            found.append(self._phones[last])
        return tuple(phone for phone in found if phone.strip() and not phone.startswith("<"))


def errors(reference: str, heard: str) -> tuple[int, int]:
    """Substitutions, insertions and deletions of phones, and the number of phones of the reference."""
    wanted, found = (
        [phone for phone in text.split() if phone != BETWEEN_WORDS] for text in (reference, heard)
    )
    return Levenshtein.distance(wanted, found), len(wanted)
