"""A small encoder/decoder transformer with random weights, as an ONNX graph of each family's signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, SIZE = 2, 2, 16
HEAD = SIZE // HEADS
POSITIONS = 448
FRAMES = 1500

KINDS = ("key", "value")


@dataclass(frozen=True)
class Net:
    """Random weights: matrices by name, all float32."""

    mels: int
    vocabulary: int
    seed: int
    end: int
    end_bias: float
    never: tuple[int, ...] = ()

    def weight(self, name: str, *shape: int, scale: float | None = None) -> NDArray[np.float32]:
        rng = np.random.default_rng([self.seed, *name.encode()])
        scale = 1.5 / np.sqrt(shape[0]) if scale is None else scale
        return rng.normal(0, scale, shape).astype(np.float32)

    def bias(self) -> NDArray[np.float32]:
        """Added to the logits, so that texts end after some tokens and ``never`` is not in them."""
        bias = np.zeros(self.vocabulary, np.float32)
        bias[list(self.never)] = -50.0
        bias[self.end] = self.end_bias
        return bias


class Builder:
    """Nodes and constants of one graph under construction."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: object) -> str:
        self._count += 1
        name = out or f"t{self._count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def const(self, value: object, dtype: type = np.int64) -> str:
        array = np.asarray(value, dtype=dtype)
        name = f"c_{array.dtype}_{'x'.join(map(str, array.shape))}_{array.reshape(-1)[:8].tolist()}"
        self.constants.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str, *shape: int, scale: float | None = None) -> str:
        if name not in self.constants:
            array = self.net.weight(name, *shape, scale=scale)
            self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def linear(self, x: str, name: str, inputs: int = SIZE, outputs: int = SIZE) -> str:
        return self.op("MatMul", x, self.weight(name, inputs, outputs))

    def norm(self, x: str) -> str:
        ones, zeros = self.const(np.ones(SIZE), np.float32), self.const(np.zeros(SIZE), np.float32)
        return self.op("LayerNormalization", x, ones, zeros, axis=-1)

    def heads(self, x: str) -> str:
        """[N, T, D] -> [N, H, T, d]."""
        split = self.op("Reshape", x, self.const([0, 0, HEADS, HEAD]))
        return self.op("Transpose", split, perm=[0, 2, 1, 3])

    def length(self, x: str, axis: int) -> str:
        """The length of an axis, int64 [1]."""
        return self.op("Gather", self.op("Shape", x), self.const([axis]))

    def count(self, start: str, end: str) -> str:
        """start, ..., end - 1 of int64 [1] each."""
        scalars = [self.op("Squeeze", x, self.const([0])) for x in (start, end)]
        return self.op("Range", *scalars, self.const(1))

    def attend(self, q: str, k: str, v: str, mask: str | None) -> str:
        """Attention over heads [N, H, T, d], the result [N, U, D]."""
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = self.op("Mul", scores, self.const(HEAD**-0.5, np.float32))
        if mask is not None:
            scores = self.op("Where", mask, scores, self.const(-1e9, np.float32))
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        back = self.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.op("Reshape", back, self.const([0, 0, SIZE]))

    def embedded(self, ids: str, positions: str) -> str:
        tokens = self.op("Gather", self.weight("embedding", self.net.vocabulary, SIZE, scale=1.0), ids)
        return self.op(
            "Add", tokens, self.op("Gather", self.weight("places", POSITIONS, SIZE, scale=1.0), positions)
        )

    def causal(self, positions: str, end: str) -> str:
        """Which of 0 to end - 1 each position sees: bool [U, end]."""
        columns = self.count(self.const([0]), end)
        return self.op("LessOrEqual", columns, self.op("Unsqueeze", positions, self.const([1])))

    def after_attention(self, x: str, layer: int) -> str:
        inner = self.op("Tanh", self.linear(self.norm(x), f"up{layer}", SIZE, 2 * SIZE))
        return self.op("Add", x, self.linear(inner, f"down{layer}", 2 * SIZE, SIZE))

    def scored(self, x: str, out: str = "logits") -> str:
        logits = self.linear(self.norm(x), "scores", SIZE, self.net.vocabulary)
        return self.op("Add", logits, self.const_named("bias", self.net.bias()), out=out)

    def const_named(self, name: str, value: NDArray[np.float32]) -> str:
        self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def graph(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.GraphProto:
        return helper.make_graph(self.nodes, name, inputs, outputs, list(self.constants.values()))


def model(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def value(name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _listen(b: Builder, features: str) -> str:
    """Features [N, F, T] -> [N, T / 2, D]."""
    kernel = b.weight("kernel", SIZE, b.net.mels, 3, scale=0.6 / np.sqrt(b.net.mels))
    hidden = b.op("Conv", features, kernel, strides=[2], pads=[1, 1])
    return b.norm(b.op("Transpose", b.op("Tanh", hidden), perm=[0, 2, 1]))


def whisper_encoder(net: Net, *, kind: int = TensorProto.FLOAT) -> onnx.ModelProto:
    """optimum's encoder_model: input_features -> last_hidden_state."""
    b = Builder(net)
    features = b.op("Cast", "input_features", to=TensorProto.FLOAT)
    b.op("Cast", _listen(b, features), out="last_hidden_state", to=kind)
    return model(
        b.graph(
            "encoder",
            [value("input_features", ["batch_size", net.mels, 2 * FRAMES], kind)],
            [value("last_hidden_state", ["batch_size", FRAMES, SIZE], kind)],
        )
    )


def moonshine_encoder(net: Net) -> onnx.ModelProto:
    """Moonshine's encoder_model: input_values and attention_mask -> last_hidden_state."""
    b = Builder(net)
    masked = b.op("Mul", "input_values", b.op("Cast", "attention_mask", to=TensorProto.FLOAT))
    hidden = b.op("Unsqueeze", masked, b.const([1]))
    for index, (inputs, width, stride) in enumerate(((1, 127, 64), (SIZE, 7, 3), (SIZE, 3, 2))):
        scale = 3.0 if index == 0 else 1.0 / np.sqrt(inputs)
        kernel = b.weight(f"conv{index}", SIZE, inputs, width, scale=scale)
        hidden = b.op("Tanh", b.op("Conv", hidden, kernel, strides=[stride]))
    b.op("Identity", b.norm(b.op("Transpose", hidden, perm=[0, 2, 1])), out="last_hidden_state")
    axes = ["batch_size", "encoder_sequence_length"]
    return model(
        b.graph(
            "encoder",
            [value("input_values", axes), value("attention_mask", axes, TensorProto.INT64)],
            [value("last_hidden_state", ["batch_size", "frames", SIZE])],
        )
    )


def _cache_keys(*whose: str) -> list[str]:
    return [f"{i}.{who}.{kind}" for i in range(LAYERS) for who in whose for kind in KINDS]


def _cache_values(
    prefix: str, keys: Sequence[str], kind: int = TensorProto.FLOAT
) -> list[onnx.ValueInfoProto]:
    length = {"decoder": "past_decoder_sequence_length", "encoder": "encoder_sequence_length_out"}
    return [
        value(f"{prefix}.{key}", ["batch_size", HEADS, length[key.split(".")[1]], HEAD], kind) for key in keys
    ]


@dataclass(frozen=True)
class DecoderKind:
    """What differs between decoder exports.

    Attributes:
        past: whether it takes a cache.
        present: whether it gives one.
        dummies: whether, with a past, it gives empty outputs for the encoder's keys and values.
        mask: whether it takes encoder_attention_mask, one value a sample.
        cache_position: whether it takes the positions of its tokens.
    """

    past: bool = False
    present: bool = True
    dummies: bool = False
    mask: bool = False
    cache_position: bool = False


def decoder_body(net: Net, kind: DecoderKind, *, half: bool = False) -> Builder:
    """The nodes of a decoder; inputs and outputs have the names that optimum gives them."""
    b = Builder(net)
    hidden = "" if kind.past else b.op("Cast", "encoder_hidden_states", to=TensorProto.FLOAT)

    def past(key: str) -> str:
        return b.op("Cast", f"past_key_values.{key}", to=TensorProto.FLOAT)

    def give(key: str, name: str) -> None:
        b.op("Cast", name, out=f"present.{key}", to=TensorProto.FLOAT16 if half else TensorProto.FLOAT)

    start = b.length("past_key_values.0.decoder.key", 2) if kind.past else b.const([0])
    end = b.op("Add", start, b.length("input_ids", 1))
    positions = "cache_position" if kind.cache_position else b.count(start, end)
    x = b.embedded("input_ids", positions)
    causal = b.causal(positions, end)
    heard = None
    if kind.mask:
        # One value a sample: the decoder takes every 384th, as many as there are frames.
        every = b.op(
            "Slice", "encoder_attention_mask", b.const([0]), b.const([10**9]), b.const([1]), b.const([384])
        )
        some = b.op("Slice", every, b.const([0]), b.length("encoder_hidden_states", 1), b.const([1]))
        heard = b.op("Cast", b.op("Unsqueeze", some, b.const([1, 2])), to=TensorProto.BOOL)
    for i in range(LAYERS):
        normed = b.norm(x)
        keys, values = (b.heads(b.linear(normed, f"{name}{i}")) for name in ("sk", "sv"))
        if kind.past:
            keys = b.op("Concat", past(f"{i}.decoder.key"), keys, axis=2)
            values = b.op("Concat", past(f"{i}.decoder.value"), values, axis=2)
        mixed = b.attend(b.heads(b.linear(normed, f"sq{i}")), keys, values, causal)
        x = b.op("Add", x, b.linear(mixed, f"so{i}"))
        if kind.past:
            cross = [past(f"{i}.encoder.{name}") for name in KINDS]
        else:
            cross = [b.heads(b.linear(hidden, f"{name}{i}")) for name in ("ck", "cv")]
        query = b.heads(b.linear(b.norm(x), f"cq{i}"))
        x = b.op("Add", x, b.linear(b.attend(query, cross[0], cross[1], heard), f"co{i}"))
        x = b.after_attention(x, i)
        if kind.present:
            give(f"{i}.decoder.key", keys)
            give(f"{i}.decoder.value", values)
            empty = b.const(np.zeros((0, HEADS, 1, HEAD)), np.float32)
            if not kind.past or kind.dummies:
                for name, own in zip(KINDS, cross, strict=True):
                    give(f"{i}.encoder.{name}", empty if kind.dummies else own)
    b.scored(x)
    return b


def _decoder_inputs(kind: DecoderKind, float_kind: int, *, merged: bool = False) -> list[onnx.ValueInfoProto]:
    """In optimum's order; a decoder with a past has all of the encoder's output in it."""
    inputs = []
    if kind.mask:
        inputs.append(value("encoder_attention_mask", ["batch_size", "samples"], TensorProto.INT64))
    inputs.append(value("input_ids", ["batch_size", "decoder_sequence_length"], TensorProto.INT64))
    if merged or not kind.past:
        shape = ["batch_size", "encoder_sequence_length", SIZE]
        inputs.append(value("encoder_hidden_states", shape, float_kind))
    if kind.past:
        inputs += _cache_values("past_key_values", _cache_keys("decoder", "encoder"), float_kind)
    if kind.cache_position:
        inputs.append(value("cache_position", ["decoder_sequence_length"], TensorProto.INT64))
    return inputs


def _decoder_outputs(net: Net, keys: Sequence[str], float_kind: int) -> list[onnx.ValueInfoProto]:
    logits = value("logits", ["batch_size", "decoder_sequence_length", net.vocabulary])
    return [logits, *_cache_values("present", keys, float_kind)]


def hf_decoder(net: Net, kind: DecoderKind, *, half: bool = False) -> onnx.ModelProto:
    """decoder_model, or with ``kind.past`` decoder_with_past_model."""
    float_kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    keys = _cache_keys("decoder") if kind.past else _cache_keys("decoder", "encoder")
    body = decoder_body(net, kind, half=half)
    outputs = _decoder_outputs(net, keys if kind.present else (), float_kind)
    return model(body.graph("decoder", _decoder_inputs(kind, float_kind), outputs))


def merged_decoder(
    net: Net, *, mask: bool = False, cache_position: bool = False, half: bool = False
) -> onnx.ModelProto:
    """decoder_model_merged: both decoders in one graph, chosen by use_cache_branch."""
    float_kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    outputs = _decoder_outputs(net, _cache_keys("decoder", "encoder"), float_kind)
    branches = {}
    constants: dict[str, onnx.TensorProto] = {}
    for name, past in (("then_branch", True), ("else_branch", False)):
        kind = DecoderKind(past=past, dummies=past, mask=mask, cache_position=cache_position)
        body = decoder_body(net, kind, half=half)
        constants |= body.constants
        branches[name] = helper.make_graph(body.nodes, name, [], outputs)
    choice = helper.make_node("If", ["use_cache_branch"], [one.name for one in outputs], **branches)
    kind = DecoderKind(past=True, mask=mask, cache_position=cache_position)
    inputs = _decoder_inputs(kind, float_kind, merged=True)
    flag = value("use_cache_branch", [1], TensorProto.BOOL)
    return model(helper.make_graph([choice], "merged", [*inputs, flag], outputs, list(constants.values())))


def sherpa_encoder(net: Net) -> onnx.ModelProto:
    """sherpa's encoder: mel -> the keys and values of every layer."""
    b = Builder(net)
    hidden = b.op("Unsqueeze", _listen(b, "mel"), b.const([0]))
    for name in "kv":
        parts = [b.linear(hidden, f"c{name}{i}") for i in range(LAYERS)]
        b.op("Concat", *parts, out=f"n_layer_cross_{name}", axis=0)
    shape = [LAYERS, "n_audio", "T_out", SIZE]
    return model(
        b.graph(
            "encoder",
            [value("mel", ["n_audio", net.mels, "T"])],
            [value("n_layer_cross_k", shape), value("n_layer_cross_v", shape)],
        )
    )


def sherpa_decoder(net: Net) -> onnx.ModelProto:
    """sherpa's decoder: tokens, a cache of fixed length and an offset into it."""
    b = Builder(net)
    end = b.op("Add", "offset", b.length("tokens", 1))
    positions = b.count("offset", end)
    x, causal = b.embedded("tokens", positions), b.causal(positions, end)
    grown: dict[str, list[str]] = {"k": [], "v": []}
    one, last = b.const([1]), b.const([10**9])
    for i in range(LAYERS):
        normed, layer = b.norm(x), b.const(i)
        whole = {}
        for name in "kv":
            cache = b.op("Gather", f"in_n_layer_self_{name}_cache", layer, axis=0)
            before = b.op("Slice", cache, b.const([0]), "offset", one)
            whole[name] = b.op("Concat", before, b.linear(normed, f"s{name}{i}"), axis=1)
            behind = b.op("Slice", cache, end, last, one)
            full = b.op("Concat", whole[name], behind, axis=1)
            grown[name].append(b.op("Unsqueeze", full, b.const([0])))
        query = b.heads(b.linear(normed, f"sq{i}"))
        mixed = b.attend(query, b.heads(whole["k"]), b.heads(whole["v"]), causal)
        x = b.op("Add", x, b.linear(mixed, f"so{i}"))
        cross = [b.heads(b.op("Gather", f"n_layer_cross_{name}", layer, axis=0)) for name in "kv"]
        query = b.heads(b.linear(b.norm(x), f"cq{i}"))
        x = b.op("Add", x, b.linear(b.attend(query, cross[0], cross[1], None), f"co{i}"))
        x = b.after_attention(x, i)
    for name, parts in grown.items():
        b.op("Concat", *parts, out=f"out_n_layer_self_{name}_cache", axis=0)
    b.scored(x)
    cache_shape = [LAYERS, "n_audio", POSITIONS, SIZE]
    cross_shape = [LAYERS, "n_audio", "T", SIZE]
    return model(
        b.graph(
            "decoder",
            [
                value("tokens", ["n_audio", "n_tokens"], TensorProto.INT64),
                *(value(f"in_n_layer_self_{name}_cache", cache_shape) for name in "kv"),
                *(value(f"n_layer_cross_{name}", cross_shape) for name in "kv"),
                value("offset", [1], TensorProto.INT64),
            ],
            [
                value("logits", ["n_audio", "n_tokens", net.vocabulary]),
                *(value(f"out_n_layer_self_{name}_cache", cache_shape) for name in "kv"),
            ],
        )
    )
