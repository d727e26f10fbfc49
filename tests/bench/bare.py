"""The calls of a recogniser in a bare loop over onnxruntime: nothing of memaudit, nothing checked.

    python -m tests.bench.bare moonshine|transducer FOLDER LIST

LIST is a JSONL with ``audio`` and ``tokens`` (the reference in the model's tokens; null: no loss). Prints the
number of transcripts, and the sum of the losses. What it imports is what it needs: this is what `memaudit
score` is held against.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
import soundfile
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Loop(Protocol):
    """One model."""

    def hear(self, samples: Floats, tokens: Sequence[int] | None) -> tuple[list[int], float]: ...


def session(path: Path) -> onnxruntime.InferenceSession:
    """As memaudit opens it: one thread, which does not spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def log_softmax(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Over the last axis."""
    shifted = scores.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


class Moonshine:
    """Encoder once, decoder a token at a time with its cache, and once more for the loss."""

    START, END, LIMIT = 1, 2, 512

    def __init__(self, folder: Path) -> None:
        self.encoder = session(folder / "encoder_model.ort")
        self.decoder = session(folder / "decoder_model_merged.ort")
        past = [node.name for node in self.decoder.get_inputs() if node.name.startswith("past")]
        self.empty = {name: np.zeros((1, 8, 1, 36), np.float32) for name in past}
        self.all = [name.replace("past_key_values", "present") for name in past]
        self.own = [name for name in self.all if ".decoder." in name]

    def hear(self, samples: Floats, tokens: Sequence[int] | None) -> tuple[list[int], float]:
        mask = np.ones((1, samples.size), np.int64)
        feeds = {"input_values": samples[None], "attention_mask": mask}
        (encoded,) = self.encoder.run(["last_hidden_state"], feeds)
        fixed = {"encoder_hidden_states": encoded, "encoder_attention_mask": mask}
        past, found, wanted = self.empty, [self.START], self.all
        while len(found) < self.LIMIT:
            again = np.array([len(found) > 1])
            feeds = {**fixed, **past, "input_ids": np.array([found[-1:]]), "use_cache_branch": again}
            logits, *present = self.decoder.run(["logits", *wanted], feeds)
            best = int(logits[0, -1].argmax())
            if best == self.END:
                break
            found.append(best)
            names = [name.replace("present", "past_key_values") for name in wanted]
            past = {**past, **dict(zip(names, present, strict=True))}
            wanted = self.own
        if tokens is None:
            return found, 0.0
        given, followed = np.array([[self.START, *tokens]]), np.array([*tokens, self.END])
        feeds = {**fixed, **self.empty, "input_ids": given, "use_cache_branch": np.array([False])}
        (logits,) = self.decoder.run(["logits"], feeds)
        chosen = log_softmax(logits[0])[np.arange(followed.size), followed]
        return found, -float(chosen.sum())


class Transducer:
    """icefall's three graphs: encoder once, one symbol a frame, the full lattice for the loss."""

    AHEAD = 8

    def __init__(self, folder: Path) -> None:
        import kaldi_native_fbank

        self.fbank = kaldi_native_fbank
        self.encoder, self.decoder, self.joiner = (
            session(folder / f"{name}.onnx") for name in ("encoder", "decoder", "joiner")
        )

    def features(self, samples: Floats) -> Floats:
        options = self.fbank.FbankOptions()
        options.frame_opts.dither = 0.0
        options.frame_opts.snip_edges = False
        options.mel_opts.num_bins = 80
        options.mel_opts.high_freq = -400.0
        extractor = self.fbank.OnlineFbank(options)
        extractor.accept_waveform(16_000, samples.tolist())
        extractor.input_finished()
        return np.stack([extractor.get_frame(i) for i in range(extractor.num_frames_ready)])

    def predict(self, contexts: NDArray[np.int64]) -> Floats:
        output: Floats = self.decoder.run(["decoder_out"], {"y": contexts})[0]
        return output

    def join(self, frames: Floats, predictions: Floats) -> Floats:
        feeds = {"encoder_out": frames, "decoder_out": predictions}
        logits: Floats = self.joiner.run(["logit"], feeds)[0]
        return logits

    def hear(self, samples: Floats, tokens: Sequence[int] | None) -> tuple[list[int], float]:
        features = self.features(samples)[None]
        lengths = np.array([features.shape[1]])
        encoded = self.encoder.run(["encoder_out"], {"x": features, "x_lens": lengths})[0][0]
        found = [-1, 0]
        prediction, at, ahead = self.predict(np.array([found])), 0, 2
        while at < len(encoded):
            # Frames that write nothing leave the prediction: the next ones are scored with it.
            block = encoded[at : at + ahead]
            best = self.join(block, np.repeat(prediction, len(block), axis=0)).argmax(axis=1)
            written = np.flatnonzero(best)
            if not written.size:
                at, ahead = at + len(block), min(self.AHEAD, 2 * ahead)
                continue
            at, ahead = at + int(written[0]) + 1, 2
            found.append(int(best[written[0]]))
            prediction = self.predict(np.array([found[-2:]]))
        return found, 0.0 if tokens is None else self.loss(encoded, tokens)

    def loss(self, encoded: Floats, tokens: Sequence[int]) -> float:
        contexts = np.lib.stride_tricks.sliding_window_view(np.array([-1, 0, *tokens]), 2)
        predictions = self.predict(contexts)
        frames, rows = len(encoded), len(predictions)
        logits = self.join(np.repeat(encoded, rows, axis=0), np.tile(predictions, (frames, 1)))
        scores = log_softmax(logits).reshape(frames, rows, -1)
        blank, label = scores[:, :, 0], scores[:, np.arange(rows - 1), tokens]
        alpha = np.full((frames, rows), -np.inf)
        alpha[0, 0] = 0.0
        for diagonal in range(1, frames + rows - 1):
            u = np.arange(max(0, diagonal - frames + 1), min(rows - 1, diagonal) + 1)
            t = diagonal - u
            stay = np.where(t > 0, alpha[t - 1, u] + blank[t - 1, u], -np.inf)
            move = np.where(u > 0, alpha[t, u - 1] + label[t, u - 1], -np.inf)
            alpha[t, u] = np.logaddexp(stay, move)
        return -float(alpha[-1, -1] + blank[-1, -1])


def main(kind: str, folder: str, listed: str) -> None:
    """Hear everything."""
    kinds: dict[str, Callable[[Path], Loop]] = {"moonshine": Moonshine, "transducer": Transducer}
    loop = kinds[kind](Path(folder))
    total, count = 0.0, 0
    with Path(listed).open() as lines:
        for line in lines:
            row = json.loads(line)
            samples, _ = soundfile.read(row["audio"], dtype="float32")
            total += loop.hear(samples, row["tokens"])[1]
            count += 1
    print(json.dumps({"heard": count, "loss": total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
