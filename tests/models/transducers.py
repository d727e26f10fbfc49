"""Transducers with random weights and the exact signatures of each family, as ONNX files on disk.

`nemo_transducer`, `nemo_split` and `icefall_transducer` write small ones. `synthetic_transducer(folder)`
writes one of 14 MB for timing, with icefall's signature, 80 mel bins and 500 word pieces. All give the
encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from mnemonic import Mnemonic
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
PIECES = ("▁t", "he", "▁a", "in", "re", "▁the", "▁s", "at", "▁c", "ed", "▁in", "▁", *_LETTERS)
NEMO_PIECES = ("<unk>", *PIECES)
ICEFALL_PIECES = ("<blk>", "<sos/eos>", "<unk>", *PIECES)
Axis = int | str | None


@dataclass
class Build:
    """A graph that is being written, node by node; every method gives the name of its result."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: object) -> str:
        name = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def ops(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: object) -> None:
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), **attributes))

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def conv(self, x: str, weight: NDArray[np.float32], *, stride: int = 1) -> str:
        """A convolution that sees the past only, so that padding after the end changes nothing."""
        return self.op(
            "Conv", x, self.constant(weight), pads=[weight.shape[2] - 1, 0], strides=[stride], dilations=[1]
        )

    def linear(self, x: str, weight: NDArray[np.float32]) -> str:
        return self.op("MatMul", x, self.constant(weight))

    def strided(self, lengths: str, stride: int, out: str | None = None) -> str:
        """(length - 1) // stride + 1."""
        less = self.op("Sub", lengths, self.ints(1))
        return self.op("Add", self.op("Div", less, self.ints(stride)), self.ints(1), out=out)

    def save(
        self,
        path: Path,
        inputs: Sequence[tuple[str, int, Sequence[Axis]]],
        outputs: Sequence[tuple[str, int, Sequence[Axis]]],
        metadata: Mapping[str, object] | None = None,
        *,
        external: bool = False,
    ) -> None:
        given, made = (
            [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in ends]
            for ends in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, path.stem, given, made, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        helper.set_model_props(model, {key: str(value) for key, value in (metadata or {}).items()})
        onnx.checker.check_model(model)
        onnx.save(
            model, path, save_as_external_data=external, location=f"{path.name}.data", size_threshold=100
        )


@dataclass(frozen=True)
class Size:
    """Sizes and seed of a small transducer."""

    seed: int = 0
    mels: int = 80
    hidden: int = 24
    joint: int = 20
    layers: int = 2
    stride: int = 4
    blank: float = 1.5
    scale: float = 2.5

    def rng(self, part: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, part])


def _normal(rng: np.random.Generator, *shape: int, fan: int, scale: float = 1.0) -> NDArray[np.float32]:
    return rng.normal(0, scale / np.sqrt(fan), shape).astype(np.float32)


def _bias(size: Size, scores: int, blank: int, pieces: Sequence[str]) -> NDArray[np.float32]:
    bias = np.zeros(scores, np.float32)
    bias[blank] = size.blank
    for i, piece in enumerate(pieces):
        if piece in ("<unk>", "<sos/eos>"):  # every project writes these in its own way
            bias[i] = -30.0
    return bias


def encoder(
    path: Path, size: Size, *, nemo: bool, mels: Axis = None, deaf: bool = False, **save: object
) -> None:
    """NeMo: audio_signal [B, F, T] to outputs [B, D, T']. icefall: x [N, T, F] to encoder_out [N, T', D].

    A deaf one hears only how long the audio is, so that it gives the same for any front end.
    """
    b, rng = Build(), size.rng(0)
    x, lengths, out, out_lengths = (
        ("audio_signal", "length", "outputs", "encoded_lengths")
        if nemo
        else ("x", "x_lens", "encoder_out", "encoder_out_lens")
    )
    wide = x if nemo else b.op("Transpose", x, perm=[0, 2, 1])
    if deaf:
        silent = b.op("Mul", wide, b.constant(np.zeros(1, np.float32)))
        count = b.op(
            "CumSum", b.op("Add", silent, b.constant(np.ones(1, np.float32))), b.constant(np.array(2))
        )
        pitch = b.constant(rng.uniform(0.05, 2.0, (size.mels, 1)).astype(np.float32))
        wide = b.op("Sin", b.op("Mul", count, pitch))
    # Log-mel values have a mean of about -5 where they are not normalised.
    scale = 1.0 if nemo else 0.3
    kernel = _normal(rng, size.hidden, size.mels, 6, fan=size.mels * 6, scale=3 * scale)
    hidden = b.op("Tanh", b.conv(wide, kernel, stride=size.stride))
    dim = size.hidden if nemo else size.joint
    mixed = b.conv(hidden, _normal(rng, dim, size.hidden, 3, fan=size.hidden * 3, scale=size.scale))
    b.op("Identity" if nemo else "Transpose", mixed, out=out, **({} if nemo else {"perm": [0, 2, 1]}))
    b.strided(lengths, size.stride, out=out_lengths)
    features = mels if mels is not None else size.mels
    b.save(
        path,
        [(x, FLOAT, ["B", features, "T"] if nemo else ["N", "T", features]), (lengths, INT64, ["B"])],
        [(out, FLOAT, ["B", dim, "U"] if nemo else ["N", "U", dim]), (out_lengths, INT64, ["B"])],
        **save,  # type: ignore[arg-type]
    )


def _prediction(b: Build, size: Size, tokens: int, states: tuple[str, str], after: tuple[str, str]) -> str:
    """NeMo's prediction network: embeddings (the blank's is zero) and LSTMs; gives [U, B, H]."""
    rng, h = size.rng(1), size.hidden
    table = _normal(rng, tokens, h, fan=1)
    table[-1] = 0.0
    x = b.op("Transpose", b.op("Gather", b.constant(table), "targets"), perm=[1, 0, 2])
    last: tuple[list[str], list[str]] = ([], [])
    for layer in range(size.layers):
        w, r = (_normal(rng, 1, 4 * h, h, fan=h, scale=2.0) for _ in range(2))
        starts = [b.op("Slice", state, b.ints(layer), b.ints(layer + 1), b.ints(0)) for state in states]
        y, y_h, y_c = f"y{layer}", f"h{layer}", f"c_{layer}"
        inputs = [x, b.constant(w), b.constant(r), "", "", *starts]
        b.ops("LSTM", inputs, [y, y_h, y_c], hidden_size=h)
        x = b.op("Squeeze", y, b.ints(1))
        last[0].append(y_h)
        last[1].append(y_c)
    for names, out in zip(last, after, strict=True):
        b.op("Concat", *names, out=out, axis=0)
    return x


def _joint(b: Build, size: Size, encoded: str, predicted: str, bias: NDArray[np.float32], out: str) -> None:
    """[B, T, D] and [B, U, H] to [B, T, U, V]."""
    rng = size.rng(2)
    first = b.linear(encoded, _normal(rng, size.hidden, size.joint, fan=size.hidden, scale=size.scale))
    second = b.linear(predicted, _normal(rng, size.hidden, size.joint, fan=size.hidden, scale=size.scale))
    both = b.op("Add", b.op("Unsqueeze", first, b.ints(2)), b.op("Unsqueeze", second, b.ints(1)))
    weight = _normal(rng, size.joint, len(bias), fan=size.joint, scale=size.scale)
    b.op("Add", b.linear(b.op("Tanh", both), weight), b.constant(bias), out=out)


def nemo_transducer(
    folder: Path,
    size: Size = Size(),
    *,
    durations: int = 0,
    pieces: Sequence[str] = NEMO_PIECES,
    mels: Axis = None,
    open_width: bool = False,
    **save: object,
) -> Path:
    """encoder-model.onnx, decoder_joint-model.onnx and vocab.txt; gives the encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder(folder / "encoder-model.onnx", size, nemo=True, mels=mels, **save)
    tokens = len(pieces) + 1
    b = Build()
    states, after = ("input_states_1", "input_states_2"), ("output_states_1", "output_states_2")
    predicted = b.op("Transpose", _prediction(b, size, tokens, states, after), perm=[1, 0, 2])
    encoded = b.op("Transpose", "encoder_outputs", perm=[0, 2, 1])
    scores = tokens + durations
    _joint(b, size, encoded, predicted, _bias(size, scores, tokens - 1, pieces), "outputs")
    b.op("Identity", "target_length", out="prednet_lengths")
    state: list[Axis] = [size.layers, "B", size.hidden]
    b.save(
        folder / "decoder_joint-model.onnx",
        [
            ("encoder_outputs", FLOAT, ["B", size.hidden, "T"]),
            ("targets", INT32, ["B", "U"]),
            ("target_length", INT32, ["B"]),
            *((name, FLOAT, state) for name in states),
        ],
        [
            ("outputs", FLOAT, ["B", "T", "U", "V" if open_width else scores]),
            ("prednet_lengths", INT32, ["B"]),
            *((name, FLOAT, state) for name in after),
        ],
        **save,  # type: ignore[arg-type]
    )
    write_pieces(folder / "vocab.txt", (*pieces, "<blk>"))
    return folder / "encoder-model.onnx"


def nemo_split(
    folder: Path,
    size: Size = Size(),
    *,
    durations: int = 0,
    pieces: Sequence[str] = NEMO_PIECES,
    normalise: str = "per_feature",
    open_width: bool = False,
    deaf: bool = False,
) -> Path:
    """encoder.onnx, decoder.onnx, joiner.onnx and tokens.txt, as sherpa-onnx's scripts write them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = len(pieces) + 1
    metadata = {
        "vocab_size": tokens - 1,
        "normalize_type": normalise,
        "pred_rnn_layers": size.layers,
        "pred_hidden": size.hidden,
        "subsampling_factor": 8,
        "model_type": "EncDecRNNTBPEModel",
        "version": "2",
        "url": "https://huggingface.co/nvidia/parakeet-tdt-0.6b-v2" if durations else "",
        "feat_dim": size.mels,
    }
    encoder(folder / "encoder.onnx", size, nemo=True, metadata=metadata, deaf=deaf)
    b = Build()
    states, after = ("states.1", "onnx::LSTM_3"), ("states", "74")
    b.op("Transpose", _prediction(b, size, tokens, states, after), perm=[1, 2, 0], out="outputs")
    b.op("Identity", "target_length", out="prednet_lengths")
    state: list[Axis] = [size.layers, "B", size.hidden]
    b.save(
        folder / "decoder.onnx",
        [
            ("targets", INT32, ["B", "U"]),
            ("target_length", INT32, ["B"]),
            *((name, FLOAT, state) for name in states),
        ],
        [
            ("outputs", FLOAT, ["B", size.hidden, "U"]),
            ("prednet_lengths", INT32, ["B"]),
            *((name, FLOAT, state) for name in after),
        ],
    )
    b = Build()
    encoded, predicted = (
        b.op("Transpose", name, perm=[0, 2, 1]) for name in ("encoder_outputs", "decoder_outputs")
    )
    scores = tokens + durations
    _joint(b, size, encoded, predicted, _bias(size, scores, tokens - 1, pieces), "outputs")
    b.save(
        folder / "joiner.onnx",
        [
            ("encoder_outputs", FLOAT, ["B", size.hidden, "T"]),
            ("decoder_outputs", FLOAT, ["B", size.hidden, "U"]),
        ],
        [("outputs", FLOAT, ["B", "T", "U", "V" if open_width else scores])],
    )
    write_pieces(folder / "tokens.txt", (*pieces, "<blk>"))
    return folder / "encoder.onnx"


def icefall_transducer(
    folder: Path,
    size: Size = Size(blank=2.0),
    *,
    suffix: str = "-epoch-99-avg-1",
    pieces: Sequence[str] = ICEFALL_PIECES,
    context: int = 2,
    mels: Axis = None,
    open_context: bool = False,
    metadata: bool = True,
    **save: object,
) -> Path:
    """encoder, decoder and joiner .onnx with tokens.txt, as icefall's export-onnx.py writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"model_type": "zipformer2", "version": "1", "model_author": "k2-fsa"}
    encoder(folder / f"encoder{suffix}.onnx", size, nemo=False, mels=mels, metadata=said, **save)
    tokens = len(pieces)
    context_decoder(folder / f"decoder{suffix}.onnx", size, tokens, context, open_context, metadata=metadata)
    frame_joiner(folder / f"joiner{suffix}.onnx", size, _bias(size, tokens, 0, pieces))
    write_pieces(folder / "tokens.txt", pieces)
    return folder / f"encoder{suffix}.onnx"


def context_decoder(
    path: Path, size: Size, tokens: int, context: int, open_context: bool = False, *, metadata: bool = True
) -> None:
    """y [N, context] to decoder_out [N, joint]; -1 is read as nothing."""
    b, rng = Build(), size.rng(1)
    table = _normal(rng, tokens, size.hidden, fan=1)
    known = b.op("Max", "y", b.ints(0))
    there = b.op("Cast", b.op("GreaterOrEqual", "y", b.ints(0)), to=FLOAT)
    embedded = b.op("Mul", b.op("Gather", b.constant(table), known), b.op("Unsqueeze", there, b.ints(2)))
    mix = _normal(rng, size.hidden, size.hidden, context, fan=size.hidden * context, scale=1.5)
    mixed = b.op("Conv", b.op("Transpose", embedded, perm=[0, 2, 1]), b.constant(mix))
    hidden = b.op("Squeeze", b.op("Relu", mixed), b.ints(2))
    b.op(
        "MatMul",
        hidden,
        b.constant(_normal(rng, size.hidden, size.joint, fan=size.hidden, scale=size.scale)),
        out="decoder_out",
    )
    b.save(
        path,
        [("y", INT64, ["N", "C" if open_context else context])],
        [("decoder_out", FLOAT, ["N", size.joint])],
        {"context_size": context, "vocab_size": tokens} if metadata else None,
    )


def frame_joiner(path: Path, size: Size, bias: NDArray[np.float32]) -> None:
    """encoder_out [N, joint] and decoder_out [N, joint] to logit [N, V]."""
    b, rng = Build(), size.rng(2)
    both = b.op("Tanh", b.op("Add", "encoder_out", "decoder_out"))
    weight = _normal(rng, size.joint, len(bias), fan=size.joint, scale=size.scale)
    b.op("Gemm", both, b.constant(weight), b.constant(bias), out="logit")
    b.save(
        path,
        [("encoder_out", FLOAT, ["N", size.joint]), ("decoder_out", FLOAT, ["N", size.joint])],
        [("logit", FLOAT, ["N", len(bias)])],
        {"joiner_dim": size.joint},
    )


def write_pieces(path: Path, pieces: Sequence[str]) -> None:
    path.write_text("".join(f"{piece} {i}\n" for i, piece in enumerate(pieces)), encoding="utf-8")


def word_pieces(count: int = 500) -> tuple[str, ...]:
    """Pieces as a BPE of the BIP39 word list would have them: its commonest pairs of letters first."""
    words = [f"▁{word}" for word in Mnemonic("english").wordlist]
    pairs = Counter("".join(pair) for word in words for pair in pairwise(word))
    starts = Counter(word[:3] for word in words)
    letters = sorted({letter for word in words for letter in word})
    room = count - 3 - len(letters)
    twos = [pair for pair, _ in pairs.most_common(room - 100)]
    return (*ICEFALL_PIECES[:3], *twos, *(s for s, _ in starts.most_common(room - len(twos))), *letters)


def synthetic_transducer(folder: Path, *, seed: int = 0, blocks: int = 3) -> Path:
    """A transducer of 14 MB with icefall's signature: 40 ms frames, 500 pieces, joiner of 512.

    The encoder is two strided convolutions and blocks of a convolution and two feed-forward layers, all
    causal. Gives encoder.onnx; beside it are decoder.onnx, joiner.onnx and tokens.txt.
    """
    folder.mkdir(parents=True, exist_ok=True)
    width, joint, pieces = 256, 512, word_pieces()
    size = Size(seed=seed, hidden=width, joint=joint, blank=4.7, scale=1.5)
    b, rng = Build(), size.rng(0)
    x = b.op("Transpose", "x", perm=[0, 2, 1])
    x = b.op("Relu", b.conv(x, _normal(rng, width, 80, 3, fan=240, scale=0.5), stride=2))
    x = b.op("Relu", b.conv(x, _normal(rng, width, width, 3, fan=width * 3, scale=1.4), stride=2))
    for _ in range(blocks):
        mixed = b.op("Tanh", b.conv(x, _normal(rng, width, width, 5, fan=width * 5, scale=1.4)))
        x = b.op("Transpose", b.op("Add", x, mixed), perm=[0, 2, 1])
        wide = b.op("Relu", b.linear(x, _normal(rng, width, 4 * width, fan=width, scale=1.4)))
        x = b.op("Add", x, b.op("Tanh", b.linear(wide, _normal(rng, 4 * width, width, fan=4 * width))))
        x = b.op("Transpose", x, perm=[0, 2, 1])
    x = b.op("Transpose", x, perm=[0, 2, 1])
    b.op("MatMul", x, b.constant(_normal(rng, width, joint, fan=width)), out="encoder_out")
    b.strided(b.strided("x_lens", 2), 2, out="encoder_out_lens")
    b.save(
        folder / "encoder.onnx",
        [("x", FLOAT, ["N", "T", 80]), ("x_lens", INT64, ["N"])],
        [("encoder_out", FLOAT, ["N", "U", joint]), ("encoder_out_lens", INT64, ["N"])],
        {"model_type": "zipformer2", "version": "1", "model_author": "k2-fsa"},
    )
    context_decoder(folder / "decoder.onnx", size, len(pieces), 2)
    frame_joiner(folder / "joiner.onnx", size, _bias(size, len(pieces), 0, pieces))
    write_pieces(folder / "tokens.txt", pieces)
    return folder / "encoder.onnx"
